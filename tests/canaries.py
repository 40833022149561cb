"""No code, key, link or address of anybody may be in a log: whatever the whole run logs is looked through at its end.

A pytest plug-in (`pytest_plugins` in conftest.py). In each process of the run it keeps every line that our own loggers
and the libraries' say, and every `*.log` that a process under test has left in its directory; it notes what is shown or
sent to anybody. What looks like an e-mail address, an API key or a telephone number must not be in a log whoever it
belongs to; codes, QR texts, links and names are looked for one by one. A find fails the run.
"""

from __future__ import annotations

import importlib
import logging
import re
import traceback
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

LIKE: Final = {
    "an e-mail address": ("@", re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})*\.[A-Za-z]{2,}")),
    "an API key": ("crn_", re.compile(r"crn_[a-z2-7]{12}_[\w-]{43}")),
    "a telephone number": ("+", re.compile(r"(?<![\w+.:-])\+[1-9]\d{8,14}(?!\d)")),
    "a webhook's secret": ("whsec_", re.compile(r"whsec_[A-Za-z0-9+/=]{20,}")),
}
"""What must not be there, whoever it belongs to; only lines with its mark are read closely."""
NINE: Final = re.compile(r"(?<![\w.:-])(\d{3})[ \u00a0]?(\d{3})[ \u00a0]?(\d{3})(?![\w:-]|\.\d)")
LONG: Final = re.compile(r"[A-Za-z0-9_-]{20,}")
OURS: Final = frozenset({"lockers@example.org"})
"""The sender of the tests' own mail server; it is nobody's."""
SHORTEST_NAME: Final = 8


@dataclass
class Canaries:
    """`codes` are nine digits, `long` QR texts and links' tokens, `names` of people. `said` is what was logged."""

    codes: set[str] = field(default_factory=set)
    long: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    said: list[tuple[str, str]] = field(default_factory=list)

    def code(self, text: str | None) -> None:
        digits = "".join(filter(str.isdigit, text or ""))
        if len(digits) == 9:
            self.codes.add(digits)

    def secret(self, text: str | None) -> None:
        if text and LONG.fullmatch(text):
            self.long.add(text)

    def name(self, text: str | None) -> None:
        if text and len(text) >= SHORTEST_NAME and " " in text:
            self.names.add(text)

    def say(self, where: str, text: str) -> None:
        self.said.append((where, text))

    def finds(self) -> list[str]:
        """What was logged and should not have been: where, what, and the line."""
        return [found for where, text in self.said for found in self._in(where, text)]

    def _in(self, where: str, text: str) -> Iterator[str]:
        for what, (mark, pattern) in LIKE.items():
            for line in text.split("\n") if mark in text else ():
                if mark in line:
                    found = (one for one in pattern.finditer(line) if one[0].lower() not in OURS)
                    yield from (_told(where, what, line, one) for one in found)
        for one in NINE.finditer(text):
            if one[1] + one[2] + one[3] in self.codes:
                yield _told(where, "a code", text, one)
        for one in LONG.finditer(text):
            if one[0] in self.long:
                yield _told(where, "a QR text or a link", text, one)
        for name in self.names:
            if name in text:
                yield f"{where}: somebody's name"


def _told(where: str, what: str, text: str, found: re.Match[str]) -> str:
    start = text.rfind("\n", 0, found.start()) + 1
    return f"{where}: {what}: …{text[max(start, found.start() - 160) : found.end() + 40]!r}"


SEEN: Final = Canaries()
"""Of this process."""


def gather(folder: Path) -> None:
    """What the processes have logged that worked in `folder`."""
    for path in sorted(folder.rglob("*.log")):
        SEEN.say(str(path), path.read_text(encoding="utf-8", errors="replace"))


def watch() -> None:
    """Note everything that is shown to anybody, or sent. Called once the product is imported."""
    _after("cranny.access.reveal", "Revealed", _shown)
    _after("cranny.outreach.texts", "Message", _sent)
    _after("cranny.people.remember", "checked", _known)


def _shown(revealed: Any) -> None:
    SEEN.code(revealed.code)
    SEEN.secret(revealed.qr)


def _sent(message: Any) -> None:
    SEEN.code(message.code)
    SEEN.secret(message.qr)
    SEEN.secret(message.link.rpartition("#")[2])
    SEEN.name(message.name)


def _known(contact: Any) -> None:
    SEEN.name(contact.name)


def _after(path: str, name: str, look: Callable[[Any], None]) -> None:
    """Let `look` see whatever `name` makes in the module at `path`."""
    module = importlib.import_module(path)
    made = getattr(module, name)
    if hasattr(made, "watched"):
        return

    def watched(*args: Any, **more: Any) -> Any:
        thing = made(*args, **more)
        look(thing)
        return thing

    watched.watched = True  # type: ignore[attr-defined]
    setattr(module, name, watched)


class Ear(logging.Handler):
    """Hears the libraries."""

    def emit(self, record: logging.LogRecord) -> None:
        trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        SEEN.say(f"log of {record.name}", f"{record.getMessage()}\n{trace}")


def hear(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: keeps a line as the product's own chain would write it, and passes it on as it is."""
    from cranny.web.telemetry import drop_details, redact

    kept = dict(line)
    if kept.pop("exc_info", None):
        kept["exception"] = traceback.format_exc()
    SEEN.say("our own log", repr(drop_details(logger, method, redact(logger, method, kept))))
    return line


def pytest_sessionstart() -> None:
    import structlog

    logging.getLogger().addHandler(Ear())
    structlog.configure(processors=[hear, *structlog.get_config()["processors"]])


@pytest.fixture(scope="session", autouse=True)
def nothing_secret_is_logged() -> Iterator[None]:
    """Set up first, so it looks when everything else is taken down."""
    yield
    if found := SEEN.finds():
        pytest.fail(f"{len(found)} secrets in the logs of this run:\n" + "\n".join(found[:20]), pytrace=False)
