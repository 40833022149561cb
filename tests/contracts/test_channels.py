"""What every channel must do, whatever it speaks. A new file in `outreach/channels` needs a bench here: the other side
that it talks to, which can be made to refuse."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from cranny.core.errors import Invalid
from cranny.outreach import channels
from cranny.outreach.channels import Channel, ChannelError, Message
from cranny.outreach.channels.console import Console
from cranny.outreach.channels.email import Email, Server
from cranny.outreach.channels.sms import Sms
from cranny.outreach.texts import Details, compose
from cranny.people import Contact
from cranny.platform.feature import Outlet
from cranny.sim.mailbox import Mailbox, open_mailbox
from cranny.sim.phones import Phones, open_phones

NOBODY = Contact()
ADA = Contact(name="Ada", email="ada@example.org", phone="+4915112345678", language="de")
CODE, KEY = "042 193 550", "0123456789abcdef" * 2
EVENING = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)
SHORT_S = 0.5


@dataclass(frozen=True)
class Bench:
    """A channel, and the keys and texts of what arrived by it."""

    channel: Channel
    got: Callable[[], list[tuple[str, str]]]


@dataclass(frozen=True)
class Remote(Bench):
    """One with another side, which can be made to say no for good, or not now. `elsewhere` is the channel with that
    port for an address; `nonsense` an outlet that can't be, with `hunter2` for its secrets."""

    says_no: Callable[[], None]
    says_later: Callable[[], None]
    elsewhere: Callable[[int], Channel]
    nonsense: Outlet


@asynccontextmanager
async def console() -> AsyncIterator[Bench]:
    out = io.StringIO()
    yield Bench(Console(out, clear=True), lambda: [(KEY, text.strip()) for text in out.getvalue().split("To: ")[1:]])


def to_server(port: int) -> Email:
    server = Server("127.0.0.1", port, None, None, wrapped=False, upgraded=False)
    return Email(server, "Lockers <lockers@example.org>", answer_within=SHORT_S / 2, all_within=SHORT_S)


@asynccontextmanager
async def email() -> AsyncIterator[Remote]:
    box = Mailbox()

    def got() -> list[tuple[str, str]]:
        bodies = [(mail.message, mail.message.get_body(("plain",))) for mail in box.mails]
        return [(mail["Message-ID"], body.get_content()) for mail, body in bodies if body]

    def answer(line: str) -> Callable[[], None]:
        return lambda: setattr(box, "recipient", lambda address: f"{line} <{address}> 042 193 550")

    async with open_mailbox(box):
        yield Remote(
            to_server(box.port),
            got,
            answer("550 5.1.1 unknown"),
            answer("451 4.7.1 greylisted"),
            to_server,
            Outlet("mail:hunter2@nowhere", sender="a@example.org"),
        )


def to_gateway(port: int) -> Sms:
    return Sms(Outlet(f"http://127.0.0.1:{port}/sms", "demo"), all_within=SHORT_S)


@asynccontextmanager
async def sms() -> AsyncIterator[Remote]:
    phones = Phones()

    def answer(status: int) -> Callable[[], None]:
        return lambda: setattr(phones, "answer", lambda _: status)

    async with open_phones(phones):
        yield Remote(
            to_gateway(int(phones.url.split(":")[2].split("/")[0])),
            lambda: [(message.reference, message.text) for message in phones.messages],
            answer(422),
            answer(503),
            to_gateway,
            Outlet("http://hunter2@sms.example.org", "hunter2"),
        )


REMOTES: dict[str, Callable[[], AbstractAsyncContextManager[Remote]]] = {"email": email, "sms": sms}


@pytest.fixture(params=channels.names())
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    async with REMOTES[request.param]() if request.param != channels.CONSOLE else console() as found:
        yield found


@pytest.fixture(params=[name for name in channels.names() if name != channels.CONSOLE])
async def remote(request: pytest.FixtureRequest) -> AsyncIterator[Remote]:
    async with REMOTES[request.param]() as found:
        yield found


def message(bench: Bench, contact: Contact = ADA) -> Message:
    details = Details("Hall", "Wall 2", "UTC", EVENING, code=CODE, qr="CAAVEK4TFOQXGCZLSMFXGK4TBNRWGCYLM")
    to = bench.channel.address(contact)
    assert to is not None
    return compose("ready_to_collect", details, contact, key=KEY, to=to, created=EVENING)


async def refused(channel: Channel, said: Message) -> ChannelError:
    """The error, which says nothing that nobody may read."""
    async with asyncio.timeout(5 * SHORT_S):
        with pytest.raises(ChannelError) as caught:
            await channel.send(said)
    told = f"{caught.value.code} {caught.value.detail}"
    assert not any(secret in told for secret in ("ada", "42 193", "4915112345678"))
    assert caught.value.code.replace("-", "").isalpha()
    return caught.value


@pytest.mark.parametrize("name", channels.names())
def test_whom_it_reaches_is_known_without_opening_it(name: str) -> None:
    """The page on which people choose shows where each channel would reach them, in a process that sends nothing."""
    assert channels.load(name).address(ADA) in (ADA.email, ADA.phone)
    assert channels.load(name).address(NOBODY) is None
    assert channels.addresses(NOBODY, [name]) == {}


async def test_a_message_arrives_once_with_its_code(bench: Bench) -> None:
    receipt = await bench.channel.send(message(bench))
    ((key, text),) = bench.got()
    assert KEY in key
    assert CODE in text
    assert receipt
    assert not any(secret in receipt for secret in ("ada@", CODE, "4915112345678"))


async def test_sending_again_is_recognisable(bench: Bench) -> None:
    await bench.channel.send(message(bench))
    await bench.channel.send(message(bench))
    assert len(set(bench.got())) == 1


async def test_who_can_not_be_reached_has_no_address(bench: Bench) -> None:
    reached = [bench.channel.address(ADA), bench.channel.address(replace_contact(email=None, phone=None))]
    assert reached[0] in {ADA.email, ADA.phone}
    assert reached[1] is None


def replace_contact(**more: str | None) -> Contact:
    plain = {"name": ADA.name, "email": ADA.email, "phone": ADA.phone, "language": ADA.language}
    return Contact(**plain | more)


async def test_any_name_can_be_sent_to(bench: Bench) -> None:
    contact = replace_contact(name='Łukasz "Ü" <x>, 李')
    await bench.channel.send(replace(message(bench), name=contact.name))
    assert len(bench.got()) == 1


async def test_a_no_for_good_is_permanent(remote: Remote) -> None:
    remote.says_no()
    assert (await refused(remote.channel, message(remote))).permanent
    assert remote.got() == []


async def test_a_not_now_is_worth_another_try(remote: Remote) -> None:
    remote.says_later()
    assert not (await refused(remote.channel, message(remote))).permanent
    assert remote.got() == []


async def test_nobody_there_is_worth_another_try(remote: Remote, unused_tcp_port: int) -> None:
    assert not (await refused(remote.elsewhere(unused_tcp_port), message(remote))).permanent


@pytest.mark.parametrize("says", [b"", b"220 hello\r\n", b"HTTP/1.1 200 OK\r\n"])
async def test_silence_is_worth_another_try_and_does_not_last(remote: Remote, says: bytes) -> None:

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(says)
        with suppress(ConnectionError):
            await reader.read()

    async with someone(mute) as port:
        assert not (await refused(remote.elsewhere(port), message(remote))).permanent


@pytest.mark.parametrize(
    "says", [b"", b"\x00\xff\r\n", b"999 what\r\n", b"421 4.3.2 closing\r\n", b"HTTP/1.1 503\r\n\r\n{"]
)
async def test_whoever_hangs_up_or_talks_nonsense_is_worth_another_try(remote: Remote, says: bytes) -> None:

    async def odd(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(says)
        await writer.drain()

    async with someone(odd) as port:
        assert not (await refused(remote.elsewhere(port), message(remote))).permanent


@asynccontextmanager
async def someone(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[int]:
    """Somebody who listens, does `talk` and hangs up. The port."""
    over: list[asyncio.Event] = []

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        over.append(asyncio.Event())
        mine = over[-1]
        with suppress(ConnectionError):
            await talk(reader, writer)
            writer.close()
            await writer.wait_closed()
        mine.set()

    server = await asyncio.start_server(session, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await asyncio.gather(*(event.wait() for event in over))


def test_a_bad_outlet_is_refused_without_its_secrets(remote: Remote) -> None:
    name = type(remote.channel).__module__.rpartition(".")[2]
    with pytest.raises(Invalid) as caught:
        channels.load(name).open_channel(remote.nonsense)
    assert "hunter2" not in str(caught.value)
