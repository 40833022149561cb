"""What this room brings to the wiring."""

from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any, Final

from litestar.types import ControllerRouterHandler

from cranny.people import api, personal, tables
from cranny.people.abroad import Ways
from cranny.people.face import api as face_api
from cranny.people.face.checks import installed
from cranny.people.face.templates import Faces
from cranny.people.lists import api as lists_api
from cranny.people.lists.following import end_due
from cranny.people.oidc import api as oidc_api
from cranny.people.oidc.signing import Signing
from cranny.people.oidc.talking import Talking
from cranny.people.saml import api as saml_api
from cranny.people.saml.signing import Signing as SamlSigning
from cranny.people.visitors import Visitors
from cranny.platform.db import Tx
from cranny.platform.feature import Feature, Parts, Violation
from cranny.platform.gate import found_by
from cranny.platform.outside import Guard, resolve
from cranny.platform.paging import Cursors
from cranny.platform.sweeps import Sweep

HOUR_S: Final = 3600.0


async def audit(tx: Tx) -> list[Violation]:
    """The keys say what the address and the number say; otherwise one person could become two."""
    return [
        Violation("persons", f"persons/{row['id']}", "a key does not belong to its address or number")
        for row in await tx.all(tables.ODD_KEYS, tx.tenant)
    ]


def _providers(parts: Parts) -> oidc_api.Providers:
    guard = sign_in_guard(parts)
    talking = Talking(guard, resolve, parts.clock)
    return oidc_api.Providers(parts.db, parts.keyring, guard, talking, parts.url)


def sign_in_providers(parts: Parts) -> oidc_api.Providers:
    """For the page on which admins set other organisations up."""
    return _providers(parts)


def saml_sign_in_providers(parts: Parts) -> saml_api.Providers:
    """The same for those that vouch by SAML."""
    return saml_api.Providers(parts.db, sign_in_guard(parts), parts.url)


def scim_groups() -> Any:
    """The module that says what another system's groups stand for; None without the extra `cranny[scim]`."""
    if find_spec("scim2_models") is None:
        return None
    from cranny.people.scim import groups

    return groups


def organisations(parts: Parts) -> Ways:
    """For the pages that lead out to other organisations and back."""
    talking = Talking(sign_in_guard(parts), resolve, parts.clock)
    oidc = Signing(parts.db, parts.keyring, talking, parts.url)
    return Ways(parts.db, oidc, SamlSigning(parts.db, parts.keyring, parts.url))


def sign_in_guard(parts: Parts) -> Guard:
    return Guard.of(parts.sign_in_inside, "CRANNY_SIGN_IN_ALLOW")


def _scim_routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """With the extra `cranny[scim]`."""
    if find_spec("scim2_models") is None:
        return []
    from cranny.people.scim import api as scim_api
    from cranny.people.scim import mapping

    return [*scim_api.routes(parts.db, parts.keyring), *mapping.routes(parts.db, parts.keyring)]


def _routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    return [
        *api.routes(parts.db, parts.keyring, Cursors(parts.keyring.cursor_key)),
        *lists_api.routes(parts.db, parts.keyring),
        *oidc_api.routes(_providers(parts)),
        *saml_api.routes(saml_sign_in_providers(parts)),
        *_scim_routes(parts),
        *face_api.routes(Faces(parts.db, parts.keyring, installed())),
    ]


def _sweeps(parts: Parts) -> Sequence[Sweep]:
    return [Sweep("lists.end_due", HOUR_S, partial(end_due, keyring=parts.keyring))]


def _visitors(parts: Parts) -> Visitors:
    return Visitors(parts.db, https=parts.url.startswith("https:"))


THINGS: Final = {"person": found_by(tables.WHERE_PERSON), "session": found_by(tables.WHERE_SESSION)}
FEATURE: Final = Feature(
    "people",
    routes=_routes,
    sweeps=_sweeps,
    audit=audit,
    things=THINGS,
    personal=personal.PERSONAL,
    kept=personal.KEPT,
    visitors=_visitors,
)
