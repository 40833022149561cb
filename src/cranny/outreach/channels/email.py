"""E-mail by SMTP: text and HTML side by side, the QR as a picture inside. Nothing secret stands in a header.

The outlet's address: `smtp://user:password@host:587` turns to TLS (STARTTLS) before anything else is said, or sends
nothing; `smtps://host:465` is TLS from the first byte; `?starttls=off` is for a machine that can be trusted with every
message, such as this one. `?ca=/path.pem` trusts that authority instead of the system's.
"""

import asyncio
import re
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from io import BytesIO
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
import segno
from jinja2 import Environment, PackageLoader, StrictUndefined

from cranny.core.errors import Invalid
from cranny.outreach.channels import Channel, ChannelError, Message
from cranny.people import Contact
from cranny.platform.feature import Outlet

ANSWER_WITHIN_S: Final = 15.0
ALL_WITHIN_S: Final = 30.0
GOODBYE_WITHIN_S: Final = 2.0
QR_PIXELS: Final = 14
"""The side of one module of the symbol. The letter shows the picture at half its size, sharp on every screen."""

_ENHANCED: Final = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_PORTS: Final = {"smtp": 587, "smtps": 465}
_NOT_SECURE: Final = "smtp-not-secure"
# What may be mended while we go on trying; the first that fits.
_FAULTS: Final[dict[type[Exception], str]] = {
    aiosmtplib.SMTPAuthenticationError: "smtp-password-refused",
    aiosmtplib.SMTPSenderRefused: "sender-refused",
    TimeoutError: "smtp-timeout",
    aiosmtplib.SMTPResponseException: "smtp-refused",
    aiosmtplib.SMTPServerDisconnected: "smtp-unreachable",
    ssl.SSLError: _NOT_SECURE,
    OSError: "smtp-unreachable",
    aiosmtplib.SMTPException: _NOT_SECURE,  # what is left: STARTTLS is not offered
}


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed over. `wrapped`: TLS from the first byte; `upgraded`: STARTTLS, or nothing is sent."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    wrapped: bool
    upgraded: bool
    trust: ssl.SSLContext | None = field(default=None, repr=False)


def address(contact: Contact) -> str | None:
    return contact.email


class Email:
    def __init__(self, server: Server, sender: str, *, answer_within: float, all_within: float) -> None:
        """`sender` as it stands in From: `Lockers <lockers@example.org>`. Both times in seconds."""
        self._server = server
        self._sender = sender
        self._answer_within = answer_within
        self._all_within = all_within
        loader = PackageLoader("cranny.outreach", "letters")
        self._letter = Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template(
            "letter.html"
        )

    def address(self, contact: Contact) -> str | None:
        return address(contact)

    async def send(self, message: Message) -> str:
        try:
            mail = self.mail(message)
        except (ValueError, MessageError) as error:
            raise ChannelError("address-not-understood", permanent=True) from error
        client = self._client()
        try:
            async with asyncio.timeout(self._all_within):
                await client.connect()
                await client.send_message(
                    mail, sender=parseaddr(self._sender)[1], recipients=[_ascii_domain(message.to)]
                )
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _told(error) from error
        else:
            # It is taken over: whatever happens to the goodbye does not change that.
            with suppress(aiosmtplib.SMTPException):
                await client.quit(timeout=GOODBYE_WITHIN_S)
        finally:
            client.close()
        return f"{message.key}@{_domain(self._sender)}"

    def mail(self, message: Message) -> EmailMessage:
        """`message` as it goes out; the same one for the same key."""
        mail = EmailMessage()
        mail["From"] = self._sender
        mail["To"] = _addressee(message)
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(message.created)
        mail["Message-ID"] = f"<{message.key}@{_domain(self._sender)}>"
        # No out-of-office note shall come back to it (RFC 3834).
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(_text(message))
        picture = f"<qr.{message.key}>" if message.qr else ""
        mail.add_alternative(self._letter.render(message=message, picture=picture.strip("<>")), subtype="html")
        mail["Content-Language"] = message.language  # set before, it would move into a part
        if message.qr:
            html = mail.get_payload(1)
            if not isinstance(html, EmailMessage):
                raise TypeError("the letter has no second part")
            html.add_related(_symbol(message.qr), "image", "png", cid=picture, disposition="inline", filename="qr.png")
        for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
            part.set_boundary(f"=_{message.key}.{number}")  # one of chance would make a repeat another letter
        return mail

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.wrapped,
            start_tls=server.upgraded,
            tls_context=server.trust,
            timeout=self._answer_within,
        )


def open_channel(outlet: Outlet) -> Channel:
    if "@" not in parseaddr(outlet.sender)[1] or not outlet.sender.isprintable():
        raise Invalid("E-mail needs a sender such as `Lockers <lockers@example.org>`.", code="settings-invalid")
    return Email(_server(outlet.url), outlet.sender, answer_within=ANSWER_WITHIN_S, all_within=ALL_WITHIN_S)


def _server(url: str) -> Server:
    """Reads the outlet's address. What is wrong with it is told without repeating it: it holds a password."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        query = {name: values[-1] for name, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items()}
    except (ValueError, KeyError) as error:
        raise _bad("it should look like smtp://user:password@host:587 or smtps://user:password@host:465") from error
    starttls, ca = query.pop("starttls", "required"), query.pop("ca", None)
    if query or starttls not in {"required", "off"} or not parts.hostname:
        raise _bad("after the `?` there may be starttls=required, starttls=off and ca=/path.pem")
    if parts.username and starttls == "off" and parts.scheme == "smtp":
        raise _bad("a password is not sent without TLS; leave starttls=off away")
    try:
        trust = ssl.create_default_context(cafile=ca and str(Path(ca)))
    except (OSError, ssl.SSLError) as error:
        raise _bad("its ca file can't be read") from error
    return Server(
        parts.hostname,
        port,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        wrapped=parts.scheme == "smtps",
        upgraded=parts.scheme == "smtp" and starttls == "required",
        trust=trust,
    )


def _told(error: Exception) -> ChannelError:
    """What went wrong, or what the server said, without its words: they name the address."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return _by_code("recipient-refused", error.recipients[0])
    if isinstance(error, aiosmtplib.SMTPDataError):
        return _by_code("message-refused", error)
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        # Only an address with letters beyond ASCII asks for anything that a server may lack.
        return ChannelError("address-not-supported", permanent=True)
    if isinstance(error.__cause__, ssl.SSLError):
        return ChannelError(_NOT_SECURE, permanent=False)
    code = next(code for kind, code in _FAULTS.items() if isinstance(error, kind))
    figures = _figures(error) if isinstance(error, aiosmtplib.SMTPResponseException) else ""
    return ChannelError(code, figures, permanent=False)


def _by_code(code: str, error: aiosmtplib.SMTPResponseException) -> ChannelError:
    return ChannelError(code, _figures(error), permanent=error.code >= 500)  # noqa: PLR2004 - RFC 5321, 4.2.1


def _figures(error: aiosmtplib.SMTPResponseException) -> str:
    found = _ENHANCED.search(error.message)
    return f"{error.code} {found[0]}" if found else str(error.code)


def _text(message: Message) -> str:
    parts = [message.lead]
    if message.code:
        parts.append(f"{message.code_hint}\n\n    {message.code}")
    if message.link:
        parts.append(message.link)
    return "\n\n".join([*parts, *message.hints]) + "\n"


def _symbol(qr: str) -> bytes:
    picture = BytesIO()
    segno.make_qr(qr, error="m").save(picture, kind="png", scale=QR_PIXELS, border=4)
    return picture.getvalue()


def _addressee(message: Message) -> Address:
    local, _, domain = _ascii_domain(message.to).rpartition("@")
    return Address(message.name or "", local, domain)


def _ascii_domain(address: str) -> str:
    """Names of hosts travel in ASCII, or only servers that know better could take the message."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return address


def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2]


def _bad(what: str) -> Invalid:
    return Invalid(f"The address of the mail server can't be used: {what}.", code="settings-invalid")
