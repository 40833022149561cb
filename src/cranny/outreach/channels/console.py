"""Messages on standard output, for development. The code is shown to a person at a terminal only: where output goes
to a file or a journal it is blotted out, because those are kept and read by others."""

import asyncio
import sys
from typing import Final, TextIO

from cranny.outreach.channels import Channel, Message
from cranny.people import Contact
from cranny.platform.feature import Outlet

BLOT: Final = "*** *** ***"


def address(contact: Contact) -> str | None:
    return contact.email or contact.phone


class Console:
    def __init__(self, out: TextIO, *, clear: bool) -> None:
        self._out = out
        self._clear = clear

    def address(self, contact: Contact) -> str | None:
        return address(contact)

    async def send(self, message: Message) -> str:
        # A terminal that is stopped with Ctrl-S must not stop the worker.
        await asyncio.to_thread(print, self._text(message), file=self._out, flush=True)
        return message.key

    def _text(self, message: Message) -> str:
        if not self._clear:
            return f"\nMessage: {message.subject}\nCode: {BLOT} (shown at a terminal only)\n"
        lines = [f"To: {message.name or ''} <{message.to}>", f"Subject: {message.subject}", message.lead]
        if message.code:
            lines.append(f"{message.code_hint} {message.code}")
        if message.qr:
            lines.append(f"{message.qr_hint} {message.qr}")
        if message.link:
            lines.append(f"{message.link_hint}: {message.link}")
        return "\n" + "\n".join([*lines, *message.hints, ""])


def open_channel(_: Outlet) -> Channel:
    out = sys.stdout
    return Console(out, clear=out.isatty())
