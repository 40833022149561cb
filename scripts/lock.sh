#!/bin/sh
# Resolves pyproject.toml for every platform and Python >= 3.11. Without addresses: a lock holds for any registry.
set -eu
cd "$(dirname "$0")/.."
tool="$(pwd -P)/.venv/lock-tool"
[ -x "$tool/bin/uv" ] || {
    .venv/bin/python -m venv "$tool"
    "$tool/bin/pip" install --quiet --disable-pip-version-check uv
}
export UV_CUSTOM_COMPILE_COMMAND="make lock"
compile() {
    "$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-annotate pyproject.toml "$@"
}
compile --extra dev ${UPGRADE:+--upgrade} --output-file requirements/dev.lock
compile --constraint requirements/dev.lock --output-file requirements/run.lock
# Beside dev.lock, into the same .venv (make faces).
"$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-deps \
    --no-annotate ${UPGRADE:+--upgrade} requirements/face.in --output-file requirements/face.lock
# One package with an npm inside, for machines without one (scripts/assets.py).
"$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --no-annotate ${UPGRADE:+--upgrade} requirements/node.in --output-file requirements/node.lock
