#!/bin/sh
# The pure tests, in two processes that know nothing of each other: that each test is told to a third one, and each file
# read by both, would cost a third more than the tests themselves.
set -u
cd "$(dirname "$0")/.."
export HYPOTHESIS_PROFILE="${HYPOTHESIS_PROFILE:-swift}"

# Plug-ins that none of these needs take a second and a half to load.
pure() {
    .venv/bin/pytest "$@" -m "not slow and not prove" -p no:schemathesis -p no:anyio -p no:xdist -q
}

banks=$(mktemp)
trap 'rm -f "$banks"' EXIT
pure tests/unit/edge tests/unit/wire >"$banks" 2>&1 &
pure tests/unit --ignore=tests/unit/edge --ignore=tests/unit/wire
others=$?
wait $!
code=$?
cat "$banks"
[ $others -eq 0 ] && [ $code -eq 0 ]
