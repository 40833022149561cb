"""Whether a code or a QR is right. One slow comparison per try, the same answer and the same time for a locator
nobody has, at most ten tries per grant, and a keypad that gets slower."""

import asyncio
import math
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cranny.core.clock import Clock, millis
from cranny.core.errors import Invalid, Refused
from cranny.core.ids import Ids
from cranny.core.rng import Rng
from cranny.edge import bearer, lifecycle
from cranny.edge.change import Change, Ruled
from cranny.edge.draft import Draft
from cranny.edge.grace import Grace
from cranny.edge.journal import Journal, quality
from cranny.edge.keypad import Keypad
from cranny.edge.minting import Minted, mint
from cranny.edge.rows import Again, Grant, Pad
from cranny.edge.state import State
from cranny.wire import tokens
from cranny.wire.codes import (
    Code,
    Qr,
    badge_verifier,
    code_material,
    normal_badge,
    parse_code,
    qr_verifier,
    same,
)
from cranny.wire.kdf import SALT_BYTES, Kdf
from cranny.wire.kinds import CodeExhausted, KeypadSlowed
from cranny.wire.tokens import Token

TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class Proven:
    """A right credential. `again` when its grant was used a moment ago."""

    grant: Grant
    again: Again | None


class Gate:
    def __init__(
        self, journal: Journal, kdf: Kdf, pepper: bytes, server: Ed25519PublicKey, *, clock: Clock, rng: Rng
    ) -> None:
        """`server` is the pinned key: what it signed is believed."""
        self._journal = journal
        now = clock.monotonic()
        self.grace = Grace(journal.state, now, millis(clock.now()))
        self._kdf = kdf
        self._pepper = pepper
        self._server = server
        self._clock = clock
        self._rng = rng
        self._dummy = rng.bytes(SALT_BYTES)
        self._keypad = Keypad(journal.state.pad_steps, now)
        self._typing = asyncio.Lock()
        self._shown: dict[bytes, int] = {}
        """The locator that a badge opened last, for whoever forgot something: in memory only, as long as it runs."""

    async def typed(self, text: str) -> Proven:
        """Raises Refused: `wait` (with `wait_s`), `wrong`, `exhausted`."""
        async with self._typing:
            wait = self._keypad.wait(self._clock.monotonic())
            if wait > 0:
                raise Refused(
                    "The keypad takes the next code in a moment.", code="wait", extra={"wait_s": math.ceil(wait)}
                )
            code = parse_code(text)
            found = self._found(code.locator) if code else None
            right = await self._right(code, found)
            if right and found is not None:
                await self._succeeded()
                return found
            raise await self._wrong(found)

    def token(self, text: str, *, in_reach: bool) -> Token | None:
        """The signed token that was scanned; None when it looks like none. `in_reach`: the server answers. Raises
        Refused `wrong`, which tells nobody why."""
        if not tokens.looks_like_one(text):
            return None
        try:
            token = tokens.read(self._server, text)
        except Invalid as invalid:
            raise Refused("This token opens nothing here.", code="wrong") from invalid
        wall = millis(self._clock.now())
        known = quality(wall, self._journal.state.mark.wall_ms) == "good"
        bearer.check_time(token, self._journal.edge_ms, clock_known=known, in_reach=in_reach)
        return token

    async def mint(self, ids: Ids) -> Minted:
        """A code of the bank's own, for what somebody stores for themselves. Raises Refused, code `full`."""
        return await mint(self._journal.state, self._pepper, self._kdf, ids=ids, rng=self._rng)

    def scanned(self, qr: Qr) -> Proven:
        """Raises Refused `wrong`. Nobody can guess 128 bits, so nothing slows down."""
        mark = self._journal.state.mark
        verifier = qr_verifier(self._pepper, mark.tenant, mark.bank, qr)
        found = self._found(qr.locator)
        if found is None or not same(verifier, found.grant.qr_verifier):
            raise Refused("This QR opens nothing here.", code="wrong")
        return found

    def badge(self, text: str) -> Proven | None:
        """None for a badge that this bank does not know. Otherwise the oldest grant of its holder that something lies
        behind; with none left, the one used a moment ago. Raises Refused `nothing_here`."""
        state, number = self._journal.state, normal_badge(text)
        if not number or not state.policy.badges:
            return None
        verifier = badge_verifier(self._pepper, state.mark.tenant, state.mark.bank, number)
        grants = list(state.badged(verifier))
        here = next((grant for grant in grants if state.lies_behind(grant)), None)
        if here is not None:
            self._shown[verifier] = here.locator
            return Proven(here, None)
        locator = self._shown.get(verifier)
        again = self.grace.find(state, locator, self._clock.monotonic()) if locator is not None else None
        if again is not None:
            return Proven(again.as_grant(), again)
        if not grants:
            return None
        raise Refused("Nothing lies behind a door for this badge.", code="nothing_here")

    def _found(self, locator: int) -> Proven | None:
        live = next(self._journal.state.located(locator), None)
        if live is not None:
            return Proven(live, None)
        again = self.grace.find(self._journal.state, locator, self._clock.monotonic())
        return Proven(again.as_grant(), again) if again else None

    async def _succeeded(self) -> None:
        keypad = self._keypad.succeeded(self._clock.monotonic())
        if keypad.steps != self._keypad.steps:
            await self._journal.commit(lambda _: (Change(rows=[Pad(1, keypad.steps)]), None))
        self._keypad = keypad

    async def _right(self, code: Code | None, found: Proven | None) -> bool:
        if code is None:
            return False
        mark = self._journal.state.mark
        material = code_material(self._pepper, mark.tenant, mark.bank, code)
        verifier = await self._kdf.derive(material, found.grant.salt if found else self._dummy)
        return found is not None and not found.grant.code_off and same(verifier, found.grant.code_verifier)

    async def _wrong(self, found: Proven | None) -> Refused:
        before, steps = self._keypad.delay(), self._keypad.steps
        self._keypad = self._keypad.failed(self._clock.monotonic())
        delay = self._keypad.delay()
        pad = Pad(1, self._keypad.steps) if self._keypad.steps != steps else None
        slowed = delay if delay > before else 0
        grant = found.grant.grant if found and not found.again else None
        exhausted = await self._journal.commit(lambda state: count_failure(state, grant, slowed, pad))
        if exhausted:
            return Refused("The code of this grant is off. Its QR still opens.", code="exhausted")
        return Refused("This code opens nothing here.", code="wrong")


def count_failure(state: State, grant: UUID | None, slowed_s: int, pad: Pad | None) -> Ruled[bool]:
    """A wrong code for `grant` (None: nobody's); `pad` is how slow the keypad is now. Tells whether the grant's code
    is off now."""
    draft, off = Draft(state), False
    if pad is not None:
        draft.put(pad)
    now = state.grants.get(grant) if grant else None
    if now is not None and now.state is lifecycle.Grant.LIVE:
        off = now.code_off or now.tries + 1 >= TRIES
        if not now.code_off:
            draft.put(msgspec.structs.replace(now, tries=now.tries + 1, code_off=off))
            if off:
                draft.say(CodeExhausted(grant=now.grant, tries=now.tries + 1))
    if slowed_s:
        draft.say(KeypadSlowed(delay_ms=slowed_s * 1000))
    return draft.change(), off
