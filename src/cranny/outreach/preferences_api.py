"""Preferences over HTTP: how somebody wants to be told, and what they have agreed to."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, Response, get, post, put
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath
from litestar.types import ControllerRouterHandler

from cranny import people
from cranny.core.errors import Invalid
from cranny.outreach import channels
from cranny.outreach import preferences_shapes as shapes
from cranny.outreach.preferences_shapes import (
    ConsentAsked,
    ConsentShown,
    LinkSent,
    PreferencesAsked,
    PreferencesShown,
    QuietHours,
    StopAsked,
    Stopped,
)
from cranny.platform import etags
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.idempotency import Reply, once
from cranny.platform.permissions import Action
from cranny.web.responses import answer

PATH: Final = "/v1/people/{person:uuid}/preferences"
Asking = Request[Principal, None, Any]


def routes(db: Database) -> Sequence[ControllerRouterHandler]:
    return [*_choosing(db), _consenting(db), _linking(db), _stopping(db)]


def _choosing(db: Database) -> list[ControllerRouterHandler]:
    @get(
        PATH,
        needs=Action.PREFERENCES_READ,
        tags=["people"],
        responses={200: answer(PreferencesShown, "What is honoured.", shapes.SHOWN)},
    )
    async def get_preferences(request: Asking, person: FromPath[UUID]) -> Response[PreferencesShown]:
        """How this person wants to be told, what they have agreed to, and which doors suit them. Everybody may read
        their own. Problem `person-not-found`."""
        async with db.transaction(request.user.tenant) as tx:
            return etags.respond(await shown(tx, person))

    @put(
        PATH,
        needs=Action.PREFERENCES_EDIT,
        tags=["people"],
        responses={200: answer(PreferencesShown, "From now on.", shapes.SHOWN)},
    )
    async def put_preferences(
        request: Asking,
        person: FromPath[UUID],
        data: Annotated[PreferencesAsked, Body(examples=[Example(summary="All of it", value=shapes.ASKED)])],
    ) -> Response[PreferencesShown]:
        """What is wished for from now on, of messages that wait already, too. Quiet hours hold back what can wait, up
        to two hours before it would come too late; never that staff opened a door, that something may be spoiled, and
        links that somebody has just asked for.

        Problems: `person-not-found`, `channels-invalid`, `quiet-invalid`, `language-invalid`."""
        return await etags.edit(
            db, request, lambda tx: shown(tx, person), lambda tx: choose(tx, person, data, by=request.user.who)
        )

    return [get_preferences, put_preferences]


def _consenting(db: Database) -> ControllerRouterHandler:
    @post(
        "/v1/people/{person:uuid}/consents",
        needs=Action.PREFERENCES_EDIT,
        tags=["people"],
        status_code=200,
        responses={200: answer(PreferencesShown, "From now on.", shapes.SHOWN)},
    )
    async def give_consents(
        request: Asking,
        person: FromPath[UUID],
        data: Annotated[ConsentAsked, Body(examples=[Example(summary="No SMS any more", value=shapes.CONSENT)])],
    ) -> Response[bytes]:
        """Write down what they said of a channel: without consent it is not used, the next one is. What could not be
        sent by any is `failed` with `no-consent`. Problems `person-not-found`, `channels-invalid`, `how-invalid`."""

        async def deed(tx: Tx) -> Reply:
            _insist(data.consents)
            await people.consent(tx, person, data.consents, how=data.how, by=request.user.who)
            return Reply(200, await shown(tx, person))

        return await once(db, request, deed)

    return give_consents


def _linking(db: Database) -> ControllerRouterHandler:
    @post(
        "/v1/people/{person:uuid}/preferences/link",
        needs=Action.PREFERENCES_EDIT,
        tags=["people"],
        responses={201: answer(LinkSent, "It is on its way.", {"person": shapes.SHOWN["person"]})},
    )
    async def send_preferences_link(request: Asking, person: FromPath[UUID]) -> Response[bytes]:
        """Send them a link to a page where they choose for themselves; it works once, within 30 days. `PUT /v1/privacy`
        lets everybody who becomes known be asked so. Problem `person-not-found`."""

        async def deed(tx: Tx) -> Reply:
            await people.ask_preferences(tx, person, by=request.user.who)
            return Reply(201, LinkSent(person))

        return await once(db, request, deed)

    return send_preferences_link


def _stopping(db: Database) -> ControllerRouterHandler:
    @post(
        "/v1/channel-stops",
        needs=Action.PREFERENCES_EDIT,
        tags=["people"],
        status_code=200,
        responses={200: answer(Stopped, "They are told otherwise from now on.", {"persons": 1})},
    )
    async def stop_channel(
        request: Asking,
        data: Annotated[StopAsked, Body(examples=[Example(summary="STOP by SMS", value=shapes.STOP)])],
    ) -> Response[bytes]:
        """Somebody answered STOP: whoever has this number or address gets nothing by that channel any more. For the
        glue of an SMS gateway, and for bounces. Problems `channels-invalid`, `phone-invalid`, `email-invalid`."""

        async def deed(tx: Tx) -> Reply:
            _insist([data.channel])
            return Reply(200, Stopped(await people.stop(tx, data.channel, data.address, by=request.user.who)))

        return await once(db, request, deed)

    return stop_channel


async def choose(tx: Tx, person: UUID, asked: PreferencesAsked, *, by: str) -> None:
    """Raises Invalid, codes `channels-invalid`, `quiet-invalid`, `language-invalid`; NotFound, `person-not-found`."""
    _insist(asked.channels)
    quiet = None
    if asked.quiet is not None:
        start, end = people.quiet_minutes(asked.quiet.start), people.quiet_minutes(asked.quiet.end)
        quiet = people.Quiet(start, end, asked.quiet.zone)
    low, language = asked.low_doors, asked.language
    await people.prefer(tx, person, channels=asked.channels, quiet=quiet, low_doors=low, language=language, by=by)


async def shown(tx: Tx, person: UUID) -> PreferencesShown:
    """Raises NotFound, code `person-not-found`."""
    known = await people.contact(tx, person)
    wanted = await people.preferences(tx, person)
    quiet = wanted.quiet
    return PreferencesShown(
        person=person,
        channels=list(wanted.channels),
        quiet=None if quiet is None else _hours(quiet),
        low_doors=person in await people.low_doors(tx, [person]),
        language=known.language,
        consents=[
            ConsentShown(row.channel, row.given, row.at, row.how, row.by) for row in await people.consents(tx, person)
        ],
        chosen=wanted.chosen,
    )


def _hours(quiet: people.Quiet) -> QuietHours:
    return QuietHours(people.quiet_clock(quiet.start), people.quiet_clock(quiet.end), quiet.zone)


def _insist(names: Iterable[str]) -> None:
    """Raises Invalid, code `channels-invalid`, for a channel that there is not."""
    there = [name for name in channels.names() if name != channels.CONSOLE]
    if unknown := sorted(set(names) - set(there)):
        raise Invalid(
            f"There is no channel {', '.join(unknown)}. There are: {', '.join(there)}.", code="channels-invalid"
        )
