"""A box becomes a bank: once, with keys of its own, in a file that nobody else can read."""

import os
import stat
from pathlib import Path
from uuid import UUID

import httpx2
import msgspec
import pytest

from cranny.core.errors import Conflict, Invalid, NotFound, Refused, Unavailable
from cranny.core.rng import SeededRng
from cranny.edge import identity
from cranny.edge.enrol import enrol
from cranny.edge.identity import Identity
from cranny.wire import enrolment, nkey
from cranny.wire.enrolment import EnrolReply, EnrolRequest, Sealed

TENANT, BANK = UUID(int=1), UUID(int=2)
CLAIM = enrolment.show_claim(enrolment.draw_claim(SeededRng(3)))
RNG = SeededRng(1)


class Server(httpx2.AsyncBaseTransport):
    """Answers one enrolment as the real server does, or with what it is told to."""

    def __init__(self, status: int = 201, body: bytes | None = None) -> None:
        self.asked: list[EnrolRequest] = []
        self._status = status
        self._body = body

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        assert (request.method, request.url.path) == ("POST", "/v1/enrolments")
        asked = msgspec.json.decode(await request.aread(), type=EnrolRequest)
        self.asked.append(asked)
        enrolment.check(asked)
        reply = EnrolReply(
            tenant=TENANT,
            bank=BANK,
            nats=["nats://127.0.0.1:4222"],
            server_key=b"k" * 32,
            epoch=3,
            sealed=enrolment.seal(asked, Sealed(b"p" * 32)),
        )
        return httpx2.Response(self._status, content=self._body or msgspec.json.encode(reply))


class Silent(httpx2.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("nobody there", request=request)


async def become(home: Path, server: httpx2.AsyncBaseTransport) -> Identity:
    return await enrol(home, "http://server.example/", CLAIM, rng=RNG, version="0.1", transport=server)


async def test_a_box_makes_its_keys_and_keeps_them_to_itself(tmp_path: Path) -> None:
    server = Server()
    me = await become(tmp_path, server)
    assert (me.tenant, me.bank, me.epoch, me.pepper) == (TENANT, BANK, 3, b"p" * 32)
    assert identity.read(tmp_path) == me
    assert stat.S_IMODE((tmp_path / "identity.json").stat().st_mode) == 0o600
    assert nkey.name(me.signing_key().public_key()) == server.asked[0].identity
    assert me.seed not in repr(server.asked[0])
    assert me.seed not in repr(me)
    assert "p" * 10 not in repr(me)


async def test_an_identity_is_never_overwritten(tmp_path: Path) -> None:
    me = await become(tmp_path, Server())
    server = Server()
    with pytest.raises(Conflict, match="enrolled already"):
        await become(tmp_path, server)
    assert server.asked == []
    assert identity.read(tmp_path) == me


@pytest.mark.parametrize(
    ("server", "error"),
    [
        (Server(409, b'{"code":"claim-invalid","detail":"No such claim."}'), Refused),
        (Server(500, b"<html>"), Refused),
        (Server(200, b"<html>welcome</html>"), Unavailable),
        (Silent(), Unavailable),
    ],
)
async def test_a_failed_enrolment_leaves_nothing(
    tmp_path: Path, server: httpx2.AsyncBaseTransport, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await become(tmp_path, server)
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - a look at a directory of a test


async def test_a_claim_with_a_typing_mistake_is_not_sent(tmp_path: Path) -> None:
    server = Server()
    with pytest.raises(Invalid):
        await enrol(tmp_path, "http://server.example", "ABC", rng=RNG, version="0", transport=server)
    assert server.asked == []


async def test_an_identity_that_others_can_read_or_that_is_damaged_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="not enrolled"):
        identity.read(tmp_path)
    await become(tmp_path, Server())
    path = tmp_path / "identity.json"
    path.chmod(0o644)
    with pytest.raises(Invalid, match="0600"):
        identity.read(tmp_path)
    path.chmod(0o600)
    path.write_bytes(b"{}")
    with pytest.raises(Invalid, match="can't be read"):
        identity.read(tmp_path)
