"""What a feature hands to the wiring: each feature's `__init__` exports one `FEATURE`."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from litestar.types import ControllerRouterHandler

from cranny.core.clock import Clock
from cranny.core.ids import Ids
from cranny.core.rng import Rng
from cranny.platform.auth import Visitors
from cranny.platform.db import Database, Tx
from cranny.platform.gate import Finder
from cranny.platform.jobs import AT_ONCE, JobHandler
from cranny.platform.keys import Keyring
from cranny.platform.personal import NOBODY, Keepers, Kept, Personal
from cranny.platform.reactions import Reaction
from cranny.platform.sweeps import Sweep
from cranny.platform.violation import Violation
from cranny.web.problems import Sorry
from cranny.wire.brokers import Broker
from cranny.wire.kdf import Kdf

__all__ = ["SIGN_IN_WAYS", "SOURCE", "Feature", "Loop", "Outlet", "Parts", "Violation"]


SIGN_IN_WAYS: Final = frozenset({"passkey", "organisation", "link", "key"})
"""Every way in there is: a passkey, another organisation, a link by mail, an API key typed into a browser."""
SOURCE: Final = "urn:cranny:server"
"""The CloudEvents source where no public address is configured."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where messages of one channel go out: an address, a secret where it is not in the address, and the sender to
    name. What they look like, the channel's own file says."""

    url: str = field(repr=False)
    secret: str = field(default="", repr=False)
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the processes are made of, given to every feature."""

    db: Database
    broker: Broker
    keyring: Keyring
    kdf: Kdf
    clock: Clock
    ids: Ids
    rng: Rng
    nats: tuple[str, ...] = ()
    """The broker's addresses as banks are told them at enrolment."""
    url: str = "http://127.0.0.1:8080"
    """Where browsers find the server: links in messages begin so."""
    outlets: Mapping[str, Outlet] = field(default_factory=dict)
    """The channels for messages by name, the one to be tried first in front."""
    source: str = SOURCE
    """The CloudEvents source of this installation, a URI."""
    requests_a_minute: int = 0
    """Of one key, in one process; 0 for any number."""
    webhooks_inside: tuple[str, ...] = ()
    """Networks that are not public and that webhooks may go to all the same (`10.2.0.0/16`)."""
    keepers: Keepers = NOBODY
    """What the features say of the personal data that they hold; the wiring fills it in."""
    sign_in_inside: tuple[str, ...] = ()
    sign_in_ways: frozenset[str] = SIGN_IN_WAYS
    """How people may get in."""
    """The same for the providers of other organisations' sign-ins."""


@dataclass(frozen=True, slots=True)
class Loop:
    """Something that a worker runs for as long as it lives; `run` ends only by being cancelled."""

    name: str
    run: Callable[[], Coroutine[Any, Any, None]]


def _none(_: Parts) -> Sequence[Any]:
    return ()


def _no_jobs(_: Parts) -> Mapping[str, JobHandler]:
    return {}


async def _nothing_wrong(_: Tx) -> list[Violation]:
    return []


@dataclass(frozen=True, slots=True)
class Feature:
    name: str
    routes: Callable[[Parts], Sequence[ControllerRouterHandler]] = _none
    reactions: Callable[[Parts], Sequence[Reaction]] = _none
    jobs: Callable[[Parts], Mapping[str, JobHandler]] = _no_jobs
    jobs_at_once: int = AT_ONCE
    """How many of its jobs a worker does at the same time; no feature's slow jobs hold up another's."""
    sweeps: Callable[[Parts], Sequence[Sweep]] = _none
    loops: Callable[[Parts], Sequence[Loop]] = _none
    audit: Callable[[Tx], Awaitable[list[Violation]]] = _nothing_wrong
    things: Mapping[str, Finder] = field(default_factory=dict)
    """What stands in its addresses (`bank` in `/v1/banks/{bank}`), and where each belongs: who has a role for one site
    only, or for what is their own, is held against it."""
    personal: Personal | None = None
    """What it holds about persons."""
    kept: Sequence[Kept] = ()
    """What it does not keep for ever, as the tenant's settings say."""
    visitors: Callable[[Parts], Visitors] | None = None
    """Of the one feature that knows people by their sessions."""
    sorry: Callable[[Parts], Sorry] | None = None
    """Of the one feature that tells people, and not programs, what went wrong where no route of its own did."""
