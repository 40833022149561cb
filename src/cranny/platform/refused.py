"""What was refused, in the tenant's log beside what was done: who tried what, from where, and the code of the refusal.

Only what would be written down if it were done, and failed proofs of who somebody is. The same refusal of the same
asker is written once a minute: whoever is refused decides how often they are, and must not fill the log by it.
"""

from collections import OrderedDict
from typing import Any, Final
from uuid import UUID

import structlog
from litestar.types import Scope

from cranny.core.errors import CrannyError, Forbidden
from cranny.platform import trail
from cranny.platform.auth import Principal
from cranny.platform.db import AWAY, WITNESS, Database

NAME: Final = "refused"
EVERY_S: Final = 60.0
AT_MOST: Final = 10_000
SOMEBODY: Final = "somebody"
"""Who is not known: they have not shown who they are."""

log = structlog.get_logger(__name__)


class Refusals:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._last: OrderedDict[tuple[UUID, str, str, str], float] = OrderedDict()

    async def hear(self, error: Exception, scope: Scope) -> None:
        """For `Litestar(after_exception=…)`: of what is audited, who may not."""
        who: Any = scope.get("user")
        if isinstance(error, Forbidden) and isinstance(who, Principal) and trail.is_written(scope):
            await self.note(scope, who.tenant, who.who, error.code)

    async def note(self, scope: Scope, tenant: UUID, by: str, refusal: str, *, on: str = "") -> None:
        """`on`: what it was tried on, where the address does not say. An attempt is refused whether or not this can be
        written."""
        asked = trail.asked(scope, tenant, by, name=NAME, refusal=refusal, on=on)
        if not self._is_new((tenant, by, asked.does, refusal)):
            return
        before = WITNESS.set(None)
        try:
            async with self._db.transaction(tenant) as tx:
                await asked.attest(tx)
        except (CrannyError, *AWAY):
            log.exception("refusal not written", by=by, refusal=refusal)
        finally:
            WITNESS.reset(before)

    def _is_new(self, key: tuple[UUID, str, str, str]) -> bool:
        now = self._db.clock.monotonic()
        last = self._last.get(key)
        if last is not None and now - last < EVERY_S:
            return False
        self._last[key] = now
        self._last.move_to_end(key)
        if len(self._last) > AT_MOST:
            self._last.popitem(last=False)
        return True
