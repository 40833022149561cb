"""How a box comes by its identity: it makes its keys, shows a one-time claim, and pins what it is told."""

from pathlib import Path

import httpx2
import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from cranny.core.errors import Refused, Unavailable
from cranny.core.rng import Rng
from cranny.edge import identity
from cranny.edge.identity import Identity
from cranny.wire import enrolment, nkey
from cranny.wire.enrolment import EnrolReply

DEADLINE_S = 30.0


async def enrol(
    home: Path, server: str, claim: str, *, rng: Rng, version: str, transport: httpx2.AsyncBaseTransport | None = None
) -> Identity:
    """Enrol at `server` (its HTTP address) and write the identity into `home`. The keys are made here and never
    leave. Raises Conflict, code `already-enrolled`; Invalid, code `claim-invalid`; Refused with the server's code;
    Unavailable, code `server-silent` or `server-strange`. A claim is spent once the server has answered."""
    identity.refuse_existing(home)
    seed = nkey.seed(rng.bytes(nkey.KEY_BYTES))
    sealing = X25519PrivateKey.from_private_bytes(rng.bytes(32))
    request = enrolment.ask(claim, seed, sealing, version)
    reply = await _post(server.rstrip("/") + "/v1/enrolments", msgspec.json.encode(request), transport)
    secret = enrolment.unseal(reply, sealing)
    me = Identity(
        tenant=reply.tenant,
        bank=reply.bank,
        nats=reply.nats,
        seed=seed.decode(),
        server_key=reply.server_key,
        pepper=secret.pepper,
        epoch=reply.epoch,
    )
    identity.write(home, me)
    return me


async def _post(url: str, body: bytes, transport: httpx2.AsyncBaseTransport | None) -> EnrolReply:
    try:
        async with httpx2.AsyncClient(timeout=DEADLINE_S, transport=transport) as client:
            answer = await client.post(url, content=body, headers={"Content-Type": "application/json"})
    except httpx2.TransportError as error:
        raise Unavailable(f"{url} does not answer: {error}", code="server-silent") from error
    if answer.is_success:
        try:
            return msgspec.json.decode(answer.content, type=EnrolReply)
        except msgspec.MsgspecError as error:
            raise Unavailable(f"{url} is not a server of ours: {error}", code="server-strange") from error
    problem = _problem(answer.content)
    raise Refused(problem.detail or f"The server answered {answer.status_code}.", code=problem.code)


class _Problem(msgspec.Struct):
    code: str = "enrolment-refused"
    detail: str = ""


def _problem(body: bytes) -> _Problem:
    try:
        return msgspec.json.decode(body, type=_Problem)
    except msgspec.MsgspecError:
        return _Problem()
