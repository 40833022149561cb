#!/bin/sh
# From nothing to a collected parcel, told to your program by webhooks, against a bank that is simulated.
# Each step is explained in README.md beside this file. Needs: cranny, curl, python3.
#
#   sh docs/quickstart/quickstart.sh [DIRECTORY]      what it makes lies there; a new one in /tmp unless said
#   STAY=1 sh docs/quickstart/quickstart.sh …         all of it stays up until Ctrl-C, for your own next steps
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=${1:-$(mktemp -d)}
cranny=${CRANNY:-cranny}
port=${PORT:-8080} kiosk=${KIOSK_PORT:-8100} hooks=${HOOKS_PORT:-9000}
export CRANNY_SERVER="http://127.0.0.1:$port"
export CRANNY_WEBHOOKS_ALLOW=127.0.0.0/8 # our receiver is on this machine; real ones are https on the internet
mkdir -p "$dir"
chmod 711 "$dir"

children=""
end() {
    for child in $children; do kill "$child" 2>/dev/null || true; done
    wait
}
trap end EXIT
trap 'exit 1' INT TERM

step() { printf '\n== %s\n' "$*"; }
field() { # a value of the JSON on standard input, by its path: grants.collect
    python3 -c 'import functools, json, sys
print(functools.reduce(lambda data, name: data[name], sys.argv[1].split("."), json.load(sys.stdin)))' "$1"
}
# Ask until the answer is what we wait for: $1 is looked for in what the rest prints.
until_it_says() {
    wanted=$1; shift
    for _ in $(seq 3000); do
        said=$("$@" 2>/dev/null || true)
        case $said in *"$wanted"*) return 0 ;; esac
        for child in $children; do kill -0 "$child" 2>/dev/null || give_up "a program has ended"; done
        sleep 0.1
    done
    give_up "waited five minutes for '$wanted', got: $said"
}
give_up() { # what was wrong, and what the programs said last
    echo "$1. Their last words:" >&2
    tail -n 5 "$dir"/*.log >&2
    exit 1
}
api() { # METHOD PATH [BODY]: a POST names its deed, so that sending it twice does it once
    curl -sS --fail-with-body -X "$1" "$CRANNY_SERVER$2" -H "Authorization: Bearer $CRANNY_API_KEY" \
        -H "Idempotency-Key: $(python3 -c 'import uuid; print(uuid.uuid4())')" \
        -H 'Content-Type: application/json' ${3:+-d "$3"}
}
at_kiosk() { curl -sS --fail-with-body -X POST "http://127.0.0.1:$kiosk$1" -H 'Content-Type: application/json' -d "$2"; }

step "1. A server, with PostgreSQL and NATS of its own"
$cranny up --data "$dir/server" --port "$port" >"$dir/server.log" 2>&1 &
children="$children $!"
until_it_says '"database":true' curl -s "$CRANNY_SERVER/health/ready"

step "2. A tenant, and its API key"
CRANNY_API_KEY=$($cranny tenant add "Quick Lockers" --data "$dir/server" | grep -o 'crn_[^ ]*')
export CRANNY_API_KEY
echo "key begins with $(echo "$CRANNY_API_KEY" | cut -c1-16)"

step "3. A bank of 20 doors, and the program that runs it, on simulated doors"
bank=$($cranny bank add corner-20 | grep -oE '[0-9a-f]{8}-[0-9a-f-]{27}' | tail -1)
claim=$($cranny bank claim "$bank" | tail -1)
$cranny edge --data "$dir/edge" --claim "$claim" --server "$CRANNY_SERVER" --port "$kiosk" \
    --board simulated >"$dir/edge.log" 2>&1 &
children="$children $!"
until_it_says '"state":"online"' api GET "/v1/banks/$bank/status"
echo "bank $bank is online"

step "4. A program of yours that is told what happens"
python3 "$here/receiver.py" "$hooks" "$dir/received.jsonl" &
children="$children $!"
made=$(api POST /v1/webhook-endpoints "{\"url\": \"http://127.0.0.1:$hooks/hooks\", \"types\": [\"delivery.*\", \"webhook.test\"]}")
endpoint=$(echo "$made" | field id)
echo "$made" | field secret >"$dir/secret"
test=$(api POST "/v1/webhook-endpoints/$endpoint/test" | field id)
until_it_says '"state":"delivered"' api GET "/v1/webhook-messages/$test"
echo "the test message was verified and taken"

step "5. Announce a parcel"
delivery=$(api POST /v1/deliveries "{\"bank\": \"$bank\", \"reference\": \"order 4711\",
  \"items\": [{\"tracking\": \"JD0146000089\", \"width\": 300, \"height\": 60, \"depth\": 350}],
  \"recipient\": {\"email\": \"ada@example.org\", \"language\": \"en\"}}" | field id)
echo "delivery $delivery"

step "6. The courier scans the tracking number, puts the parcel in and shuts the door"
until_it_says '"code":"opened"' at_kiosk /kiosk/scan '{"text": "JD0146000089"}'
door=$(echo "$said" | field door)
at_kiosk "/hands/doors/$door" '{"act": "put"}' >/dev/null
at_kiosk "/hands/doors/$door" '{"act": "shut"}' >/dev/null
until_it_says '"state":"stored"' api GET "/v1/deliveries/$delivery"
echo "stored in door $door"

step "7. The recipient types the code from the message"
grant=$(api GET "/v1/deliveries/$delivery" | field grants.collect)
code=$(api POST "/v1/grants/$grant/reveal" '{"reason": "quickstart"}' | field code)
until_it_says '"code":"opened"' at_kiosk /kiosk/code "{\"digits\": \"$code\"}"
at_kiosk "/hands/doors/$door" '{"act": "take"}' >/dev/null
at_kiosk "/hands/doors/$door" '{"act": "shut"}' >/dev/null
until_it_says '"state":"collected"' api GET "/v1/deliveries/$delivery"

step "8. Your program has heard of all of it, in order"
until_it_says delivery.collected cat "$dir/received.jsonl"
python3 -c 'import json, sys
for line in open(sys.argv[1]): print("  ", json.loads(line)["type"])' "$dir/received.jsonl"

step "9. And everything that must hold, holds"
$cranny check --data "$dir/server"
$cranny audit verify "Quick Lockers" --data "$dir/server"

if [ -n "${STAY:-}" ]; then
    step "10. It stays up until Ctrl-C. In another terminal, go on with"
    echo "export CRANNY_SERVER=$CRANNY_SERVER CRANNY_API_KEY=$CRANNY_API_KEY BANK=$bank"
    echo "the API: $CRANNY_SERVER/docs   the kiosk: http://127.0.0.1:$kiosk   its hands: http://127.0.0.1:$kiosk/screen/hands"
    wait
fi
