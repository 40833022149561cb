"""Privacy over HTTP: how long what is kept, all that is held about one person, and erasing it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post, put
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from cranny.platform import etags
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.idempotency import Reply, once
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Action
from cranny.platform.personal import Keepers, Kept
from cranny.usecases.privacy import erasing, settings
from cranny.usecases.privacy.erasing import Why
from cranny.web.responses import answer

PERSON: Final = "019cadc6-9a80-7c5b-b0d2-0a8f0c9d7e11"
KIND: Final = {
    "kind": "contacts",
    "about": "Names, addresses, numbers and preferences of people without a role, from the end of their last delivery "
    "on, or from when they became known where there was none.",
    "days": 30,
    "proposed": 30,
    "least": 1,
    "most": 3650,
}
SHOWN: Final = {"ask": False, "retention": [KIND], "changed": "2026-03-02T09:00:00Z", "by": "persons/…"}
ASKED: Final = {"ask": True, "retention": {"contacts": 14, "audit": 365}}
EXPORTED: Final = {
    "person": PERSON,
    "made": "2026-03-02T09:00:00Z",
    "sections": {
        "person": {"about": "Who you are…", "data": {"name": "Ada Example", "email": "ada@example.org"}},
        "messages": {"about": "Which messages you were sent…", "data": []},
    },
}
ERASED: Final = {"person": PERSON, "erased": "2026-03-02T09:00:00Z", "rows": 17}

Asking = Request[Principal, None, Any]


class Retention(msgspec.Struct, frozen=True):
    """A kind of data, what it is, and for how many days it is kept; `proposed` where nobody says otherwise."""

    kind: str
    """The word for it in `retention`, when you set it."""
    about: str
    """What it is, in a sentence."""
    days: int
    """For how many days it is kept."""
    proposed: int
    least: int
    """The fewest days that can be set."""
    most: int
    """The most days that can be set."""


class PrivacyShown(msgspec.Struct, frozen=True):
    """`ask`: who becomes known is sent a link to choose how they are told. `changed` is null where nobody has settled
    anything."""

    ask: bool
    retention: list[Retention]
    """What is kept for how long."""
    changed: datetime | None
    by: str
    """Who settled it, as `persons/…` or `keys/…`; empty where nobody has."""


class PrivacyAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it. `retention` in days by kind; a kind that is left out is kept as proposed."""

    ask: bool
    """Whether who becomes known is sent a link to choose how they are told."""
    retention: Annotated[dict[str, Annotated[int, Meta(ge=1, le=3650)]], Meta(max_length=50)] = {}


class ExportShown(msgspec.Struct, frozen=True):
    """By section: what it is, in a sentence, and the data."""

    person: UUID
    """The person's id."""
    made: datetime
    """When it was put together."""
    sections: dict[str, Any]
    """What is known of the person, by kind."""


class ErasureAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`asked`: the person wants it. `not_needed`: nothing is left to do for them. `mistake`: it was never theirs."""

    why: Why
    """Why it is done; it is kept in the trail."""


class ErasureShown(msgspec.Struct, frozen=True):
    """`rows` were erased or lost what named them."""

    person: UUID
    """The person's id."""
    erased: datetime
    """When it was done."""
    rows: int


def routes(db: Database, keyring: Keyring, keepers: Keepers) -> Sequence[ControllerRouterHandler]:
    return [*_settings(db, keepers.kept), _export(db, keepers), _erase(db, keyring, keepers)]


def _settings(db: Database, kept: Sequence[Kept]) -> list[ControllerRouterHandler]:
    @get(
        "/v1/privacy",
        needs=Action.PRIVACY_READ,
        tags=["privacy"],
        responses={200: answer(PrivacyShown, "What holds.", SHOWN)},
    )
    async def get_privacy(request: Asking) -> Response[PrivacyShown]:
        """For how long each kind of data is kept, and whether people are asked how they want to be told."""
        async with db.transaction(request.user.tenant) as tx:
            return etags.respond(await _shown(tx, kept))

    @put(
        "/v1/privacy",
        needs=Action.PRIVACY_EDIT,
        tags=["privacy"],
        responses={200: answer(PrivacyShown, "From now on.", SHOWN)},
    )
    async def put_privacy(
        request: Asking,
        data: Annotated[PrivacyAsked, Body(examples=[Example(summary="Ask, and keep less", value=ASKED)])],
    ) -> Response[PrivacyShown]:
        """All of it, from now on. What is older than the new time is erased within the hour, and can't be brought
        back.

        Problems: `retention-unknown`, `retention-invalid`, `step-up-needed`."""
        return await etags.edit(
            db,
            request,
            lambda tx: _shown(tx, kept),
            lambda tx: settings.write(tx, kept, data.retention, ask=data.ask, by=request.user.who),
        )

    return [get_privacy, put_privacy]


def _export(db: Database, keepers: Keepers) -> ControllerRouterHandler:
    @post(
        "/v1/people/{person:uuid}/export",
        needs=Action.PERSONAL_EXPORT,
        tags=["privacy"],
        status_code=200,
        responses={200: answer(ExportShown, "All of it.", EXPORTED)},
    )
    async def export_person(request: Asking, person: FromPath[UUID]) -> Response[bytes]:
        """Everything that is held about one person, in one document, with a sentence on what each section is: for them
        to read, or to take elsewhere (GDPR, articles 15 and 20). Everybody may export their own. The answer is shown
        once for each `Idempotency-Key`, and that somebody read it is in the log. Problems `person-not-found`,
        `step-up-needed`."""

        async def deed(tx: Tx) -> Reply:
            found = await erasing.export(tx, keepers.personal, person, by=request.user.who)
            return Reply(200, ExportShown(person, tx.now(), found), secret=True)

        return await once(db, request, deed)

    return export_person


def _erase(db: Database, keyring: Keyring, keepers: Keepers) -> ControllerRouterHandler:
    @post(
        "/v1/people/{person:uuid}/erasure",
        needs=Action.PERSONAL_ERASE,
        tags=["privacy"],
        status_code=200,
        responses={200: answer(ErasureShown, "They are gone.", ERASED)},
    )
    async def erase_person(
        request: Asking,
        person: FromPath[UUID],
        data: Annotated[ErasureAsked, Body(examples=[Example(summary="They asked for it", value={"why": "asked"})])],
    ) -> Response[bytes]:
        """Erase everything that names one person (GDPR, article 17). It can't be undone. Deliveries, openings and the
        log stay, with an id that stands for nobody, and `cranny audit verify` still holds. The answer is shown once for
        each `Idempotency-Key`: it names them, so it is not kept.

        Problems: `person-not-found`; `person-needed`, with `holds`: which deliveries and roles have to end first;
        `step-up-needed`."""

        async def deed(tx: Tx) -> Reply:
            who = request.user.who
            at, rows = await erasing.erase(tx, keyring, keepers.personal, person, why=data.why, by=who)
            return Reply(200, ErasureShown(person, at, rows), secret=True)

        return await once(db, request, deed)

    return erase_person


async def _shown(tx: Tx, kept: Sequence[Kept]) -> PrivacyShown:
    settled = await settings.read(tx)
    days = settings.days(kept, settled)
    return PrivacyShown(
        ask=settled is not None and settled.ask_since is not None,
        retention=[
            Retention(one.kind, one.about, days[one.kind], one.days, one.least, one.most)
            for one in sorted(kept, key=lambda one: one.kind)
        ],
        changed=settled.changed if settled else None,
        by=settled.by if settled else "",
    )
