"""The plug-in that looks through the logs of the whole run finds what must not be there, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.canaries import Canaries

ROOT = Path(__file__).parents[2]
KEY = "crn_" + "a2b3c4d5e6f7" + "_" + "A" * 43
QR = "CAAVEK4TFOQXGCZLSMFXGK4TBNRWGCYLM"
TOKEN = "0123456789abcdef" * 2 + "01234567"


@pytest.fixture
def canaries() -> Canaries:
    found = Canaries()
    found.code("042 193 550")
    found.secret(QR)
    found.secret(TOKEN)
    found.name("Ada Lovelace")
    return found


@pytest.mark.parametrize(
    "line",
    [
        "told ada@example.org of it",
        "DETAIL: Key (tenant, email_key)=(1, a.b+c@mail.example.co.uk) exists",
        f"Authorization: Bearer {KEY}",
        "sent to +4915112345678",
        "typed 042193550 at the kiosk",
        "typed 042 193 550.",
        f"scanned {QR}",
        f"GET /link#{TOKEN}",
        "parcel for Ada Lovelace is here",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ],
)
def test_what_must_not_be_logged_is_found(canaries: Canaries, line: str) -> None:
    canaries.say("here", f"2026-03-02T09:00:00Z [info] before\n2026-03-02T09:00:01Z [info] {line}\n")
    assert len(canaries.finds()) == 1


@pytest.mark.parametrize(
    "line",
    [
        "request method=POST route=/v1/people/{person:uuid} status=201 ms=12.193550",
        "bank 019cadc6-9a80-7042-8193-550000000000 at 2026-03-02T09:00:00.042193+01:00",
        "042193551 is somebody else's, and 10421935500 is no code",
        "from lockers@example.org",
        "key crn_a2b3c4d5e6f7 is revoked",
        "Ada wrote to Lovelace",
        "ws://user@127.0.0.1:4222 and sha256:" + "ab" * 32,
    ],
)
def test_what_may_be_logged_is_not(canaries: Canaries, line: str) -> None:
    canaries.say("here", line)
    assert canaries.finds() == []


@pytest.mark.slow
def test_a_run_that_logs_a_secret_fails(tmp_path: Path) -> None:
    """The plug-in itself, in a run of its own: one test logs by our logger, one by the library's, one is clean."""
    (tmp_path / "test_it.py").write_text(
        """
import logging, structlog
from tests.canaries import SEEN
def test_ours(): SEEN.code("042 193 550"); structlog.get_logger("x").info("opened", what="042193550")
def test_theirs(): logging.getLogger("y").warning("no answer from %s", "ada@example.org")
def test_clean(): structlog.get_logger("x").info("opened", token="042193550")
"""
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.canaries", "-p", "no:cacheprovider", str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert "3 passed, 1 error" in ran.stdout, ran.stdout
    assert "2 secrets in the logs of this run" in ran.stdout
    assert "our own log: a code" in ran.stdout
    assert "log of y: an e-mail address" in ran.stdout
