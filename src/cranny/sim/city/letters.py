"""Letters: mail as its recipients read it. The only way in which anybody in the city learns a code."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiosmtpd.smtp import SMTP, Envelope, Session

from cranny.sim.mailbox import Mail, Mailbox

CODE: Final = re.compile(r"^\s*(\d{3} \d{3} \d{3})\s*$", re.MULTILINE)
"""A line with nothing but nine digits, whatever language stands around it."""


@dataclass(frozen=True, slots=True)
class Letter:
    """`code` is None where the letter tells none."""

    to: str
    subject: str
    code: str | None


class PostOffice(Mailbox):
    """An SMTP server that hands every letter on to all `readers` as it comes in."""

    def __init__(self) -> None:
        super().__init__()
        self.handed = 0
        self.readers: list[Callable[[Letter], None]] = []

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name there
        answer = await super().handle_DATA(_server, session, envelope)
        if answer.startswith("250"):
            self.handed += 1
            letter = read(self.mails[-1])
            for reader in list(self.readers):
                reader(letter)
        return answer


def read(mail: Mail) -> Letter:
    """What a person sees in it."""
    body = mail.message.get_body(("plain",))
    found = CODE.search(body.get_content()) if body is not None else None
    return Letter(mail.to[0], str(mail.message["Subject"]), found[1] if found else None)
