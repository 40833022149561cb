"""What was begun here and ends over there: sealed into a cookie of the browser that began it, for ten minutes and for
one use. What comes back in another browser, twice, or from another provider than the one that was asked, opens
nothing."""

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import asyncpg
import msgspec

from cranny.core.clock import ahead
from cranny.core.errors import Invalid
from cranny.core.rng import Rng
from cranny.platform import directory
from cranny.platform.db import Database
from cranny.platform.keys import Keyring, SealBroken

GOOD_FOR: Final = timedelta(minutes=10)
ELSEWHERE: Final = "This answer belongs to another sign-in."
_BYTES: Final = 32

Kind = Literal["oidc", "saml"]


class State(msgspec.Struct, frozen=True):
    """What is sealed. `state` is what must come back; `session` the one to be proven, where somebody only shows once
    more that it is them; `before` the one that was open where they signed in. `nonce` and `verifier` are OpenID
    Connect's."""

    provider: UUID
    state: str
    until: datetime
    next: str
    session: UUID | None = None
    before: UUID | None = None
    nonce: str = ""
    verifier: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser goes, and what its cookie holds meanwhile."""

    url: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Came:
    """Who came back, how, and whether that is a fresh proof. `since` is when they signed in over there, where that is
    told: a session here is over when it would be, had it been begun then."""

    how: Kind
    tenant: UUID
    person: UUID
    proven: bool
    state: State
    since: datetime | None = None


class Waiting:
    """The cookies of one kind of sign-in, which is also the directory's word for answers that were used."""

    def __init__(self, db: Database, keyring: Keyring, kind: Kind) -> None:
        self._db = db
        self._keyring = keyring
        self._kind: Kind = kind
        self._purpose = f"{kind}-state"

    def until(self) -> datetime:
        return ahead(self._db.clock, GOOD_FOR)

    def seal(self, state: State) -> str:
        sealed = self._keyring.seal(self._purpose, b"", msgspec.msgpack.encode(state))
        return base64.urlsafe_b64encode(sealed).decode()

    def opened(self, cookie: str, provider: UUID) -> State:
        """What was begun in this browser, and still waits. Raises Invalid, code `<kind>-state-refused`."""
        try:
            sealed = base64.urlsafe_b64decode(cookie)
            begun = msgspec.msgpack.decode(self._keyring.open(self._purpose, b"", sealed), type=State)
        except (SealBroken, ValueError) as error:
            raise self.broken("This sign-in was not begun in this browser.") from error
        if begun.provider != provider:
            raise self.broken(ELSEWHERE)
        if begun.until <= self._db.clock.now():
            raise self.broken("This took too long: begin again.")
        return begun

    def insist_answers(self, begun: State, state: str) -> None:
        """Raises Invalid, code `<kind>-state-refused`, where `state` is not what must come back."""
        if not hmac.compare_digest(begun.state.encode(), state.encode()):
            raise self.broken(ELSEWHERE)

    async def use_up(self, tenant: UUID, begun: State) -> None:
        """Raises Invalid, code `<kind>-state-refused`, the second time."""
        try:
            async with self._db.transaction(tenant) as tx, tx.attempt():
                await directory.put(tx, self._purpose, begun.state, tx.tenant, begun.provider, expires=begun.until)
        except asyncpg.UniqueViolationError as error:
            raise self.broken("This answer was used already.") from error

    def broken(self, why: str) -> Invalid:
        """What came back does not belong to what was begun here."""
        return Invalid(why, code=f"{self._kind}-state-refused")


def random(rng: Rng) -> str:
    return base64.urlsafe_b64encode(rng.bytes(_BYTES)).rstrip(b"=").decode()
