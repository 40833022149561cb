#!/bin/sh
# Builds .venv from requirements/dev.lock, or leaves it alone when nothing changed.
# The stamp holds what the packages depend on: the lock, the package's own
# description, this folder (scripts hold absolute paths), the interpreter.
set -eu
cd "$(dirname "$0")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore

suits() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

wanted() {
    pwd -P
    cat requirements/dev.lock
    sed '/^\[tool/,$d' pyproject.toml
    .venv/bin/python -VV 2>/dev/null || echo none
}

fresh() {
    [ -e .venv/stamp ] && wanted | cmp -s - .venv/stamp
}

pick() {
    for name in "${PYTHON:-python3}" python3 python3.14 python3.13 python3.12 python3.11 python; do
        if suits "$name"; then
            echo "$name"
            return
        fi
    done
    echo "Cranny needs Python 3.11 or newer: install it, or name it with PYTHON=/path/to/python3 make venv." >&2
    return 1
}

build() {
    python=$(pick)
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        echo "$python has no venv or no ensurepip: on Debian and Ubuntu install the package python3-venv." >&2
        return 1
    fi
    echo "Setting up .venv with $("$python" -V); this takes about a minute." >&2
    "$python" -m venv --clear .venv
}

install() {
    # The lock is complete, so the resolver is not needed; building ourselves must not fetch unhashed tools.
    # Most of what comes is never imported: to compile all of it would be half of the time.
    .venv/bin/python -m pip install -qq --no-compile --no-deps --require-hashes -r requirements/dev.lock
    .venv/bin/python -m pip install -qq --no-deps --no-build-isolation -e .
    wanted >.venv/stamp
}

fresh && exit 0
if command -v flock >/dev/null 2>&1; then
    exec 9<pyproject.toml
    flock 9
    fresh && exit 0
fi
here=$(sed -n 1p .venv/stamp 2>/dev/null || true)
if [ "$here" != "$(pwd -P)" ] || ! suits .venv/bin/python; then
    build
fi
install
