"""Passkeys (WebAuthn): made, and shown to be held, with the person verified by their own device: a finger, a face,
a PIN.

Verification is asked for and insisted on; a device that only says that somebody touched it is refused. The template of
the finger or the face stays in the device: all that is here is a public key. A challenge is sealed into a state that
the page sends back, good for five minutes and for one use.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

import asyncpg
import msgspec
import webauthn
from webauthn.helpers import base64url_to_bytes, exceptions
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from cranny.core.clock import ahead
from cranny.core.errors import Forbidden, Invalid, NotFound
from cranny.core.events import NewEvent
from cranny.people import tables
from cranny.people.contacts import Contact
from cranny.people.tables import PasskeyRow
from cranny.platform import directory, events, rows
from cranny.platform.db import Database, Tx
from cranny.platform.keys import Keyring, SealBroken

KIND: Final = "passkey"
_USED: Final = "challenge"
"""The directory's words for a passkey's id, and for a challenge that was used."""
GOOD_FOR: Final = timedelta(minutes=5)
MOST: Final = 20
LONGEST_LABEL: Final = 60
_PURPOSE: Final = "passkey-challenge"
_CHALLENGE: Final = 32
_NAME: Final = "Cranny"
Verified = TypeVar("Verified")


class Site(msgspec.Struct, frozen=True):
    """Where the page is that asks: `rp` is its host, `origin` with scheme and port."""

    rp: str
    origin: str


class State(msgspec.Struct, frozen=True):
    """What is sealed: the challenge, whose it is (None: whoever signs in), and until when."""

    challenge: bytes
    person: UUID | None
    until: datetime


class Begun(msgspec.Struct, frozen=True):
    """`options` are for `navigator.credentials`; `state` comes back with what it answers."""

    options: dict[str, Any]
    state: str


class Answer(msgspec.Struct, frozen=True):
    """A page's answer: what `navigator.credentials` gave, as JSON."""

    credential: dict[str, Any]
    state: str
    label: str = ""
    next: str = "/"


async def begin_making(tx: Tx, keyring: Keyring, site: Site, person: UUID, contact: Contact) -> Begun:
    """Ask a device for a new passkey. Raises Forbidden, code `too-many-passkeys`."""
    known = await passkeys(tx, person)
    if len(known) >= MOST:
        raise Forbidden(f"{MOST} passkeys are enough: remove one first.", code="too-many-passkeys")
    state = State(tx.rng.bytes(_CHALLENGE), person, ahead(tx.clock, GOOD_FOR))
    options = webauthn.generate_registration_options(
        rp_id=site.rp,
        rp_name=_NAME,
        user_id=person.bytes,
        user_name=contact.email or str(person),
        user_display_name=contact.name or contact.email or "",
        challenge=state.challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=row.credential) for row in known],
    )
    return _begun(keyring, state, webauthn.options_to_json(options))


async def make(tx: Tx, keyring: Keyring, site: Site, person: UUID, answer: Answer) -> UUID:
    """Keep the passkey. Raises Invalid, code `passkey-invalid`, also for one without user verification."""
    state = _opened(tx.now(), keyring, answer.state)
    if state.person != person:
        raise _bad("This was begun by somebody else.")
    made = _verified(webauthn.verify_registration_response, site, state, answer)
    await _use_up(tx, state)
    id_, label = tx.ids.new(), " ".join(answer.label.split())[:LONGEST_LABEL]
    synced = made.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    row = (made.credential_id, made.credential_public_key, made.sign_count, site.rp, label, synced)
    try:
        async with tx.attempt():
            await directory.put(tx, KIND, made.credential_id, tx.tenant, id_)
            await tx.run(tables.ADD_PASSKEY, tx.tenant, id_, person, *row, tx.now())
    except asyncpg.UniqueViolationError as error:
        raise _bad("This passkey is known already.") from error
    await events.record(tx, [NewEvent("passkey.added", f"persons/{person}", {"passkey": str(id_)})])
    return id_


def begin_showing(db: Database, keyring: Keyring, site: Site, person: UUID | None = None) -> Begun:
    """Ask for a passkey: of `person`, or of whoever signs in."""
    state = State(db.rng.bytes(_CHALLENGE), person, ahead(db.clock, GOOD_FOR))
    options = webauthn.generate_authentication_options(
        rp_id=site.rp, challenge=state.challenge, user_verification=UserVerificationRequirement.REQUIRED
    )
    return _begun(keyring, state, webauthn.options_to_json(options))


async def whose(db: Database, answer: Answer) -> directory.Found | None:
    """The tenant and the passkey that an answer speaks of, before anything of it is believed."""
    try:
        credential = base64url_to_bytes(str(answer.credential.get("id", "")))
    except ValueError:
        return None
    return await directory.find(db, KIND, credential)


async def show(tx: Tx, keyring: Keyring, site: Site, passkey: UUID, answer: Answer) -> UUID:
    """Whose passkey it is, now that they have shown it with their device's verification. Raises Invalid, code
    `passkey-invalid`."""
    state = _opened(tx.now(), keyring, answer.state)
    record = await tx.one(tables.PASSKEY, tx.tenant, passkey)
    if record is None:
        raise _bad("There is no such passkey any more.")
    row = rows.to(PasskeyRow, record)
    if state.person not in (None, row.person) or row.rp != site.rp:
        raise _bad("This passkey is somebody else's.")
    shown = _verified(
        webauthn.verify_authentication_response,
        site,
        state,
        answer,
        credential_public_key=row.public_key,
        credential_current_sign_count=row.sign_count,
    )
    await _use_up(tx, state)
    synced = shown.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    await tx.run(tables.PASSKEY_USED, tx.tenant, row.id, shown.new_sign_count, synced, tx.now())
    return row.person


async def passkeys(tx: Tx, person: UUID) -> list[PasskeyRow]:
    return rows.every(PasskeyRow, await tx.all(tables.PASSKEYS, tx.tenant, person))


async def forget_passkey(tx: Tx, person: UUID, id_: UUID) -> None:
    """Raises NotFound, code `passkey-not-found`."""
    credential = await tx.value(tables.FORGET_PASSKEY, tx.tenant, person, id_)
    if credential is None:
        raise NotFound("There is no such passkey.", code="passkey-not-found")
    await directory.forget(tx, KIND, credential)
    await events.record(tx, [NewEvent("passkey.removed", f"persons/{person}", {"passkey": str(id_)})])


def _verified(verify: Callable[..., Verified], site: Site, state: State, answer: Answer, **known: object) -> Verified:
    """What `verify` makes of an answer: to this challenge, from this site, by whom their device has verified."""
    try:
        return verify(
            credential=answer.credential,
            expected_challenge=state.challenge,
            expected_rp_id=site.rp,
            expected_origin=site.origin,
            require_user_verification=True,
            **known,
        )
    except exceptions.WebAuthnException as error:
        raise _bad("The device's answer does not hold.") from error


async def _use_up(tx: Tx, state: State) -> None:
    """A challenge that was answered is not answered again."""
    try:
        async with tx.attempt():
            await directory.put(tx, _USED, state.challenge, tx.tenant, tx.tenant, expires=state.until)
    except asyncpg.UniqueViolationError as error:
        raise _bad("This answer was used already.") from error


def _begun(keyring: Keyring, state: State, options: str) -> Begun:
    sealed = keyring.seal(_PURPOSE, b"", msgspec.msgpack.encode(state))
    return Begun(msgspec.json.decode(options), sealed.hex())


def _opened(now: datetime, keyring: Keyring, sealed: str) -> State:
    try:
        state = msgspec.msgpack.decode(keyring.open(_PURPOSE, b"", bytes.fromhex(sealed)), type=State)
    except (SealBroken, ValueError) as error:
        raise _bad("This was not begun here.") from error
    if state.until <= now:
        raise _bad("This took too long: begin again.")
    return state


def _bad(why: str) -> Invalid:
    return Invalid(f"The passkey is refused. {why}", code="passkey-invalid")
