"""pysaml2, and the program that it checks signatures with: loaded when somebody signs in by SAML, and away from the
loop that serves everybody else."""

import asyncio
import base64
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final, TypeVar

import structlog

from cranny.core.errors import Refused, Unavailable
from cranny.people.saml.answers import LEEWAY, Answer, Expected, Unproven, only_assertion
from cranny.people.saml.metadata import Described, for_us

PROGRAM: Final = "xmlsec1"
AT_ONCE: Final = 4
"""Programs that check signatures at the same time."""
WAITING: Final = 40
"""Who waits longer than these has closed the page."""
PATIENCE_S: Final = 30.0
"""What takes longer is answered without it; it keeps its turn until it is done."""
POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
REDIRECT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"

logger = structlog.get_logger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ours:
    """What we are called over there, and where its answers go."""

    us: str
    here: str


class Engine:
    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._asked = set[asyncio.Task[Any]]()

    @staticmethod
    def insist() -> str:
        """The program. Raises Refused, codes `saml-not-installed`, `saml-program-missing`."""
        if find_spec("saml2") is None or find_spec("defusedxml") is None:
            raise Refused(
                "This server can't sign people in by SAML: install it with its extra, pip install 'cranny[saml]'.",
                code="saml-not-installed",
            )
        found = shutil.which(PROGRAM)
        if found is None:
            raise Refused(
                f"This server can't sign people in by SAML: it needs the program {PROGRAM} (apt install {PROGRAM}).",
                code="saml-program-missing",
            )
        return found

    async def leave(self, of: Described, ours: Ours, request: str, *, anew: bool, acr: str) -> str:
        """Where the browser goes to sign in. `anew`: even where it is signed in over there."""
        return await self._away(lambda: _leave(self._client(of, ours), of, request, anew=anew, acr=acr))

    async def insist_signed(self, answer: Answer, of: Described, expected: Expected) -> None:
        """Raises Unproven where the signature of the one assertion does not hold, or pysaml2 finds anything else."""
        ours = Ours(expected.us, expected.here)
        await self._away(lambda: _signed(self._client(of, ours), answer, expected))

    async def describe(self, of: Described, ours: Ours) -> str:
        """Our own metadata."""
        return await self._away(lambda: _described(self._client(of, ours)))

    async def _away(self, deed: Callable[[], T]) -> T:
        """Raises Unavailable, code `saml-busy`."""
        if len(self._asked) >= AT_ONCE + WAITING:
            raise _busy()
        task = asyncio.create_task(self._in_turn(deed))
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)
        done, _ = await asyncio.wait([task], timeout=PATIENCE_S)
        if not done:
            logger.warning("the check of a signature does not end", program=PROGRAM, after_s=PATIENCE_S)
            task.add_done_callback(_ended_late)
            raise _busy()
        try:
            return task.result()
        finally:
            del task, done  # an error that holds itself keeps what pysaml2 has open

    async def _in_turn(self, deed: Callable[[], T]) -> T:
        async with self._turns:
            return await asyncio.to_thread(deed)

    def _client(self, of: Described, ours: Ours) -> Any:
        program = self.insist()
        # It writes names and whole answers into its log: they are nobody's to read.
        log = logging.getLogger("saml2")
        log.propagate = False
        log.setLevel(logging.CRITICAL + 1)
        from saml2.client import Saml2Client
        from saml2.config import SPConfig

        return Saml2Client(SPConfig().load(_config(of, ours, program)))


def _ended_late(task: asyncio.Task[Any]) -> None:
    error = None if task.cancelled() else task.exception()
    logger.warning("the check of a signature has ended after all", error=type(error).__name__ if error else "")


def _busy() -> Unavailable:
    return Unavailable("Too many people sign in just now: try again in a minute.", code="saml-busy")


def _config(of: Described, ours: Ours, program: str) -> dict[str, Any]:
    return {
        "entityid": ours.us,
        "name": "Cranny",
        "xmlsec_binary": program,
        "metadata": {"inline": [for_us(of)]},
        "accepted_time_diff": int(LEEWAY.total_seconds()),
        "allow_unknown_attributes": True,
        "service": {
            "sp": {
                "endpoints": {"assertion_consumer_service": [(ours.here, POST)]},
                "allow_unsolicited": False,
                "authn_requests_signed": False,
                "want_assertions_signed": True,
                "want_response_signed": False,
            }
        },
    }


def _leave(client: Any, of: Described, request: str, *, anew: bool, acr: str) -> str:
    from saml2.samlp import NameIDPolicy

    more: dict[str, Any] = {"force_authn": "true"} if anew else {}
    more |= {"requested_authn_context": {"authn_context_class_ref": [acr], "comparison": "exact"}} if acr else {}
    policy = NameIDPolicy(allow_create="true")
    _, asked = client.create_authn_request(
        of.sso, binding=POST, message_id=request, name_id_policy=policy, sign=False, **more
    )
    sent = client.apply_binding(REDIRECT, str(asked), of.sso, relay_state="", sign=False)
    return str(dict(sent["headers"])["Location"])


def _signed(client: Any, answer: Answer, expected: Expected) -> None:
    sent = base64.b64encode(answer.text.encode()).decode()
    try:
        found = client.parse_authn_request_response(sent, POST, outstanding={expected.request: "/"})
    except Exception as error:  # it raises what it likes, down to Exception itself
        logger.warning("the answer of a SAML provider is refused", error=type(error).__name__)
        raise Unproven(f"Its signature does not hold, or it does not fit ({type(error).__name__}).") from error
    if found is None or found.assertion is None or found.assertion.id != only_assertion(answer).get("ID"):
        raise Unproven("It was not made for this place.")


def _described(client: Any) -> str:
    from saml2.metadata import entity_descriptor

    return str(entity_descriptor(client.config))
