"""Floor 4: grants and codes. Who may open what; the keeper of the secrets.

A grant is for one purpose at one bank. Its clear code lives here only, sealed, until the grant ends.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from litestar.types import ControllerRouterHandler

from cranny.access import api, offline_api
from cranny.access.audit import audit
from cranny.access.badges import give_badge, move_badge
from cranny.access.ends import get, giving, revoke
from cranny.access.issue import VERIFY, Wanted, issue, issue_many, note_minted
from cranny.access.lifecycle import GRANT, LIVE, Deed, Grant
from cranny.access.offline import TokenAsked, TokenShown, issue_token, take_back
from cranny.access.reactions import REACTION
from cranny.access.reveal import Revealed, reveal
from cranny.access.tables import WHERE, GrantRow
from cranny.access.verify import verify_job
from cranny.platform.feature import Feature, Parts
from cranny.platform.gate import found_by
from cranny.platform.jobs import JobHandler
from cranny.platform.reactions import Reaction

__all__ = [
    "FEATURE",
    "GRANT",
    "LIVE",
    "VERIFY",
    "Deed",
    "Grant",
    "GrantRow",
    "Revealed",
    "TokenAsked",
    "TokenShown",
    "Wanted",
    "get",
    "give_badge",
    "giving",
    "issue",
    "issue_many",
    "issue_token",
    "move_badge",
    "note_minted",
    "reveal",
    "revoke",
    "take_back",
    "verify_job",
]


def _routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    return [*api.routes(parts.db, parts.keyring), *offline_api.routes(parts.db, parts.keyring)]


def _reactions(_: Parts) -> Sequence[Reaction]:
    return [REACTION]


def _jobs(parts: Parts) -> Mapping[str, JobHandler]:
    return {VERIFY: verify_job(parts.keyring, parts.kdf)}


THINGS: Final = {"grant": found_by(WHERE)}
FEATURE: Final = Feature("access", routes=_routes, reactions=_reactions, jobs=_jobs, audit=audit, things=THINGS)
