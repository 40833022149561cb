"""Signatures, read by others: the specification's own packages for Python and, where Node is, for JavaScript."""

import json
import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from cranny.core.clock import SystemClock
from cranny.core.rng import SystemRng
from cranny.webhooks import signing


def now() -> datetime:
    """Verifiers look at their own clock: what was signed when this file was read may be too old for them."""
    return SystemClock().now()


OLD, NEW = signing.new_secret(SystemRng()), signing.new_secret(SystemRng())
BODY = b'{"type":"delivery.stored","data":{"door":"A09","name":"\xc5\xbd"}}'


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20)), st.binary(min_size=24, max_size=64))
def test_the_specifications_own_package_verifies_it(data: dict[str, str], secret: bytes) -> None:
    body = json.dumps(data).encode()
    headers = signing.headers([secret], "msg_1", now(), body)
    assert Webhook(signing.shown(secret)).verify(body, headers) == data


def test_both_secrets_verify_while_both_are_live() -> None:
    headers = signing.headers([NEW, OLD], "msg_1", now(), BODY)
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (NEW, OLD):
        Webhook(signing.shown(secret)).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.shown(signing.new_secret(SystemRng()))).verify(BODY, headers)


def test_what_is_changed_or_old_is_refused() -> None:
    reader = Webhook(signing.shown(NEW))
    good = signing.headers([NEW], "msg_1", now(), BODY)
    for headers, body in (
        (good, BODY + b" "),
        ({**good, "webhook-id": "msg_2"}, BODY),
        ({**good, "webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)}, BODY),
        (signing.headers([NEW], "msg_1", now() - timedelta(minutes=6), BODY), BODY),
    ):
        with pytest.raises(WebhookVerificationError):
            reader.verify(body, headers)


NODE = """
const crypto = require('node:crypto');
const {secret, headers, body} = JSON.parse(require('fs').readFileSync(0));
const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
const mine = 'v1,' + crypto.createHmac('sha256', key).update(signed).digest('base64');
console.log(headers['webhook-signature'].split(' ').includes(mine));
"""


@pytest.mark.slow
def test_a_receiver_of_ten_lines_in_node_verifies_it(tmp_path: Path) -> None:
    """What the page tells integrators to write, in the words of docs/webhooks.md."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node on this machine: the receiver in JavaScript was not tried")
    script = tmp_path / "verify.js"
    script.write_text(NODE)
    for secret in (NEW, OLD):
        told = {"secret": signing.shown(secret), "headers": signing.headers([NEW, OLD], "m", now(), BODY)}
        given = json.dumps({**told, "body": BODY.decode()})
        said = subprocess.run([node, str(script)], input=given, capture_output=True, text=True, check=True)  # noqa: S603
        assert said.stdout.strip() == "true"
