"""What an identity provider says of itself, as an admin pastes it: read as far as it is needed here. Pure."""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring  # what comes from outside is read by documents.py

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from cranny.core.errors import Invalid
from cranny.people.saml.documents import DS, MD, Unreadable, plain, read, words

REDIRECT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
PROTOCOL: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
LONGEST_NAME: Final = 1024
MOST_CERTIFICATES: Final = 5
SHORTEST_RSA: Final = 2048


class Unfit(Invalid):
    """Nobody can sign in with what this describes."""

    code = "metadata-invalid"


@dataclass(frozen=True, slots=True)
class Described:
    """`sso` is where its sign-in is, `certificates` (DER in base64) whose signatures hold."""

    entity_id: str
    sso: str
    certificates: tuple[str, ...]


def described(text: str, now: datetime) -> Described:
    """Raises Unfit."""
    try:
        root = read(plain(text))
    except Unreadable as error:
        raise Unfit("This is no metadata: it can't be read as XML, or it has a document type.") from error
    entity, role = _only(root)
    _holds(root, now)
    _holds(entity, now)
    entity_id = entity.get("entityID", "").strip()
    if not 0 < len(entity_id) <= LONGEST_NAME:
        raise Unfit("It does not say what the provider is called (entityID).")
    if role.get("WantAuthnRequestsSigned") in ("true", "1"):
        raise Unfit("The provider wants signed requests (WantAuthnRequestsSigned): set it up over there to do without.")
    places = [
        one.get("Location", "") for one in role.iter(f"{MD}SingleSignOnService") if one.get("Binding") == REDIRECT
    ]
    if not places:
        raise Unfit("The provider has no sign-in by HTTP-Redirect (SingleSignOnService).")
    return Described(entity_id, places[0].strip(), _certificates(role))


def for_us(of: Described) -> str:
    """The same once more, with no more in it than was read."""
    entity = Element(f"{MD}EntityDescriptor", entityID=of.entity_id)
    role = SubElement(entity, f"{MD}IDPSSODescriptor", protocolSupportEnumeration=PROTOCOL)
    for one in of.certificates:
        key = SubElement(SubElement(role, f"{MD}KeyDescriptor", use="signing"), f"{DS}KeyInfo")
        SubElement(SubElement(key, f"{DS}X509Data"), f"{DS}X509Certificate").text = one
    SubElement(role, f"{MD}SingleSignOnService", Binding=REDIRECT, Location=of.sso)
    return tostring(entity, encoding="unicode")


def certificate(der: str) -> x509.Certificate:
    """Raises ValueError."""
    return x509.load_der_x509_certificate(base64.b64decode(der, validate=True))


def _only(root: Element) -> tuple[Element, Element]:
    """The one identity provider that is described, and its role as one."""
    entities: Iterable[Element] = [root] if root.tag == f"{MD}EntityDescriptor" else root.iter(f"{MD}EntityDescriptor")
    found = [(entity, role) for entity in entities for role in entity.findall(f"{MD}IDPSSODescriptor")]
    if not found:
        raise Unfit("It describes no identity provider (IDPSSODescriptor).")
    if len(found) > 1:
        raise Unfit("It describes several identity providers: give the metadata of one.")
    return found[0]


def _holds(element: Element, now: datetime) -> None:
    until = moment(element.get("validUntil"))
    if element.get("validUntil") is not None and (until is None or until <= now):
        raise Unfit("This metadata is out of date (validUntil): get it anew from the provider.")


def _certificates(role: Element) -> tuple[str, ...]:
    keys = [key for key in role.findall(f"{MD}KeyDescriptor") if key.get("use", "signing") == "signing"]
    found = dict.fromkeys("".join(words(one).split()) for key in keys for one in key.iter(f"{DS}X509Certificate"))
    if not found:
        raise Unfit("It has no certificate to check signatures with (KeyDescriptor).")
    if len(found) > MOST_CERTIFICATES:
        raise Unfit(f"It has more than {MOST_CERTIFICATES} certificates to check signatures with.")
    for one in found:
        _strong(one)
    return tuple(found)


def _strong(der: str) -> None:
    try:
        key = certificate(der).public_key()
    except (ValueError, binascii.Error) as error:
        raise Unfit("One of its certificates can't be read.") from error
    rsa = isinstance(key, RSAPublicKey) and key.key_size >= SHORTEST_RSA
    if not rsa and not isinstance(key, EllipticCurvePublicKey):
        raise Unfit("One of its certificates has a weak key: RSA of 2048 bits and more, or ECDSA, will do.")


def moment(text: str | None) -> datetime | None:
    """A time as SAML writes it: in UTC."""
    try:
        found = datetime.fromisoformat(text or "")
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # the last hours of the year 9999 are no time in UTC
        return None
