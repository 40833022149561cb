"""A mailbox for everybody: an SMTP server on this machine that keeps what it is handed, and passes nothing on. The demo
shows what recipients get; tests let it refuse."""

import asyncio
import email
import email.policy
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from ssl import SSLContext
from typing import Any, Final

from aiosmtpd.smtp import SMTP, Envelope, Session

KEPT: Final = 1000
"""As many mails as the mailbox remembers."""


@dataclass(frozen=True, slots=True)
class Mail:
    """`secure`: it came over TLS."""

    sender: str
    to: Sequence[str]
    message: EmailMessage
    secure: bool


def _yes(_: str) -> str:
    return "250 OK"


@dataclass
class Mailbox:
    """`mails`, the oldest first. `recipient` and `content` answer for an address and for a mail (to its first address):
    a line of SMTP such as `550 5.1.1 unknown`."""

    recipient: Callable[[str], str] = _yes
    content: Callable[[str], str] = _yes
    mails: deque[Mail] = field(default_factory=lambda: deque(maxlen=KEPT))
    host: str = ""
    port: int = 0

    def to(self, address: str) -> list[Mail]:
        """What `address` got."""
        return [mail for mail in self.mails if address in mail.to]

    # What follows is called by aiosmtpd, by these names.

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.recipient(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.content(envelope.rcpt_tos[0])
        if answer.startswith("250"):
            content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
            message = email.message_from_bytes(content, policy=email.policy.default)
            secure = session.ssl is not None
            self.mails.append(Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), message, secure))
        return answer


@asynccontextmanager
async def open_mailbox(
    mailbox: Mailbox | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: SSLContext | None = None,
    **more: Any,
) -> AsyncIterator[Mailbox]:
    """A listening mailbox, on a free port unless one is given; it listens to this machine only. With `tls` it offers
    STARTTLS. `more` goes to aiosmtpd's SMTP."""
    box = mailbox or Mailbox()

    def session() -> SMTP:
        return SMTP(box, hostname="mailbox.invalid", enable_SMTPUTF8=True, tls_context=tls, **more)

    server = await asyncio.get_running_loop().create_server(session, host, port)
    box.host, box.port = server.sockets[0].getsockname()[:2]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()
