"""What your program has to do with a webhook: verify it, answer, remember its id. Python's standard library only.

python receiver.py 9000 received.jsonl    the secret is read from the file `secret` beside it, once it is there
"""

import base64
import hashlib
import hmac
import json
import sys
import time
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

PORT, KEPT = int(sys.argv[1]), Path(sys.argv[2])
SEEN: set[str] = set()
FIVE_MINUTES_S = 300


def is_genuine(secret: str, headers: Message, body: bytes) -> bool:
    """The Standard Webhooks check; `pip install standardwebhooks` has it ready."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    moment = headers["webhook-timestamp"]
    signed = f"{headers['webhook-id']}.{moment}.".encode() + body
    mine = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    fresh = abs(time.time() - int(moment)) < FIVE_MINUTES_S
    return fresh and any(hmac.compare_digest(mine, one) for one in headers["webhook-signature"].split())


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if not is_genuine(KEPT.with_name("secret").read_text().strip(), self.headers, body):
            self.send_response(401)
        else:
            if self.headers["webhook-id"] not in SEEN:  # the same message may come twice
                SEEN.add(self.headers["webhook-id"])
                event = json.loads(body)
                with KEPT.open("a") as file:
                    file.write(json.dumps(event) + "\n")
            self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: the file says what came."""


HTTPServer(("127.0.0.1", PORT), Receiver).serve_forever()
