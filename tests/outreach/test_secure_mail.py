"""Codes go over the wire encrypted, to the server that is meant, or not at all."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from cranny.outreach.channels import ChannelError, Message, email
from cranny.outreach.texts import Details, compose
from cranny.people import Contact
from cranny.platform.feature import Outlet
from cranny.sim.mailbox import Mailbox, open_mailbox

from .conftest import CODE, QR, mailer

SENDER = "Lockers <lockers@example.org>"
EVENING = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Identity:
    """A server's certificate, signed by itself."""

    file: Path

    def serves(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.file)
        return context

    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.file))


def identity(folder: Path, host: str) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.now(UTC)  # noqa: TID251 - a certificate is checked against the real clock
    known = x509.IPAddress(ip_address(host)) if host[0].isdecimal() else x509.DNSName(host)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([known]), critical=False)
        .sign(key, SHA256())
    )
    file = folder / f"{host}.pem"
    file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    )
    return Identity(file)


@pytest.fixture
def ours(tmp_path: Path) -> Identity:
    return identity(tmp_path, "127.0.0.1")


def message() -> Message:
    ada = Contact(name="Ada", email="ada@example.org")
    details = Details("Hall", "Wall 2", "UTC", EVENING, code=CODE, qr=QR)
    return compose("ready_to_collect", details, ada, key="0" * 32, to="ada@example.org", created=EVENING)


async def refused(channel: email.Email) -> str:
    with pytest.raises(ChannelError) as caught:
        await channel.send(message())
    assert not caught.value.permanent, "somebody can mend it while we go on trying"
    return f"{caught.value.code} {caught.value.detail}".strip()


async def test_a_server_that_offers_no_tls_gets_nothing() -> None:
    async with open_mailbox() as box:
        assert await refused(mailer(box.port, upgraded=True)) == "smtp-not-secure"
        assert len(box.mails) == 0


async def test_starttls_with_a_certificate_that_is_trusted(ours: Identity) -> None:
    async with open_mailbox(tls=ours.serves()) as box:
        await mailer(box.port, upgraded=True, trust=ours.trusted()).send(message())
        assert [mail.secure for mail in box.mails] == [True]


async def test_a_certificate_of_nobody_or_of_somebody_else_ends_it(ours: Identity, tmp_path: Path) -> None:
    other = identity(tmp_path, "mail.example.org")
    async with open_mailbox(tls=ours.serves()) as box:
        assert await refused(mailer(box.port, upgraded=True)) == "smtp-not-secure"
    async with open_mailbox(tls=other.serves()) as box:
        assert await refused(mailer(box.port, upgraded=True, trust=other.trusted())) == "smtp-not-secure"
        assert len(box.mails) == 0


@asynccontextmanager
async def wrapped(tls: ssl.SSLContext) -> AsyncIterator[Mailbox]:
    """TLS from the first byte."""
    box = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, hostname="mail"), "127.0.0.1", 0, ssl=tls)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()


async def test_tls_from_the_first_byte(ours: Identity) -> None:
    async with wrapped(ours.serves()) as box:
        outlet = Outlet(f"smtps://127.0.0.1:{box.port}?ca={ours.file}", sender=SENDER)
        await email.open_channel(outlet).send(message())
        assert len(box.mails) == 1
        assert await refused(mailer(box.port, wrapped=True)) == "smtp-not-secure"
        assert await refused(mailer(box.port)) == "smtp-timeout"
    async with open_mailbox() as box:
        assert await refused(mailer(box.port, wrapped=True)) == "smtp-not-secure"
        assert len(box.mails) == 0


def only_ada(_server: SMTP, _session: object, _envelope: object, _mechanism: str, data: Any) -> AuthResult:
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"a:b@c", b"p/w%")
    return AuthResult(success=known, handled=False)


async def test_the_password_is_said_over_tls_only_and_a_wrong_one_is_not_the_recipients_fault(ours: Identity) -> None:
    async with open_mailbox(tls=ours.serves(), authenticator=only_ada, auth_required=True) as box:
        url = f"smtp://a%3Ab%40c:p%2Fw%25@127.0.0.1:{box.port}?ca={ours.file}"
        await email.open_channel(Outlet(url, sender=SENDER)).send(message())
        assert len(box.mails) == 1
        wrong = mailer(box.port, upgraded=True, trust=ours.trusted(), user="a:b@c", password="no")
        assert (await refused(wrong)).startswith("smtp-password-refused 535")
        assert (await refused(mailer(box.port, upgraded=True, trust=ours.trusted()))).startswith("sender-refused 530")


async def test_an_address_that_the_server_can_not_write_is_the_addresss_fault() -> None:
    async with open_mailbox() as box:
        bo = Contact(name="Bø", email="bø@example.org")
        details = Details("Hall", "Wall 2", "UTC", EVENING, code=CODE)
        mail = compose("ready_to_collect", details, bo, key="1" * 32, to="bø@example.org", created=EVENING)
        await mailer(box.port).send(mail)
        assert box.to("bø@example.org")
    box = Mailbox()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box, hostname="old"), "127.0.0.1", 0)
    with pytest.raises(ChannelError) as caught:
        await mailer(server.sockets[0].getsockname()[1]).send(mail)
    server.close()
    assert (caught.value.code, caught.value.permanent) == ("address-not-supported", True)


async def test_a_goodbye_that_goes_wrong_does_not_undo_what_was_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(self: SMTP, _: str | None) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(SMTP, "smtp_QUIT", hang)
    monkeypatch.setattr(email, "GOODBYE_WITHIN_S", 0.1)
    async with open_mailbox() as box:
        assert await mailer(box.port).send(message())
        assert len(box.mails) == 1


async def test_silence_after_the_mail_is_no_answer() -> None:
    box = Mailbox()

    async def forget(*_: object) -> str:
        await asyncio.sleep(2)
        return "250 OK"

    box.handle_DATA = forget  # type: ignore[method-assign]
    async with open_mailbox(box):
        assert await refused(mailer(box.port, within=0.2)) == "smtp-timeout"
