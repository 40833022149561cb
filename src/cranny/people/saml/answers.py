"""What a provider says of somebody, as a SAML response: believed only where all of it fits. Pure.

Whether the signature holds is asked elsewhere (`engine.py`); here it is made sure that there is one place only that it
can be about. Whatever is moved, doubled or wrapped is refused before anybody looks at signatures.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from xml.etree.ElementTree import Element

from cranny.core.errors import Forbidden, Invalid
from cranny.people.saml.documents import DS, SAML, SAMLP, Unreadable, plain, read, words
from cranny.people.saml.metadata import moment
from cranny.people.vouching.claims import Claims

LEEWAY: Final = timedelta(seconds=60)
OLDEST: Final = timedelta(minutes=10)
"""An assertion is taken right after it was made."""
LONGEST_SUBJECT: Final = 255
LONGEST_TEXT: Final = 1000
SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
TRANSIENT: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
ADDRESS: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
SIGNED_WITH: Final = {
    *(f"{_MORE}rsa-sha{bits}" for bits in (256, 384, 512)),
    *(f"{_MORE}ecdsa-sha{bits}" for bits in (256, 384, 512)),
}
DIGESTED_WITH: Final = {
    "http://www.w3.org/2001/04/xmlenc#sha256",
    f"{_MORE}sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512",
}
"""No SHA-1, and no HMAC: with that whoever knows a certificate could be anybody."""
TRANSFORMS: Final = [
    "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
]
EMAIL: Final = (
    "urn:oid:0.9.2342.19200300.100.1.3",
    "mail",
    "email",
    "emailaddress",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
)
NAME: Final = (
    "urn:oid:2.16.840.1.113730.3.1.241",
    "displayname",
    "http://schemas.microsoft.com/identity/claims/displayname",
    "urn:oid:2.5.4.3",
    "cn",
)


class Unproven(Invalid):
    """The provider's answer does not prove who this is."""

    code = "saml-answer-refused"


@dataclass(frozen=True, slots=True)
class Expected:
    """`request` is the id of what was asked, `here` where its answer must have been sent, `us` what we are called."""

    provider: str
    request: str
    here: str
    us: str
    subject_attribute: str = ""
    email_attribute: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Read, and not yet believed."""

    text: str
    root: Element

    def __repr__(self) -> str:
        """Nothing personal, wherever it is printed."""
        return "Answer(…)"

    @property
    def to(self) -> str:
        """The id of the request that it says it answers."""
        return self.root.get("InResponseTo", "")


def parse(text: str) -> Answer:
    """Raises Unproven for what is no response."""
    text = plain(text)
    try:
        root = read(text)
    except Unreadable as error:
        raise Unproven("It can't be read.") from error
    if root.tag != f"{SAMLP}Response" or root.get("Version") != "2.0":
        raise Unproven("It is no response of SAML 2.0.")
    return Answer(text, root)


def only_assertion(answer: Answer) -> Element:
    """The one assertion, signed itself, with nothing in the document that it could be taken for. Raises Unproven;
    Forbidden, code `saml-refused`, where the provider let nobody in."""
    root = answer.root
    status = root.find(f"{SAMLP}Status/{SAMLP}StatusCode")
    if status is None or status.get("Value") != SUCCESS:
        raise Forbidden("The other organisation did not let you in.", code="saml-refused")
    if any(element.tag.startswith(f"{SAML}Encrypted") for element in root.iter()):
        raise Unproven("It is encrypted: set it up over there to send signed assertions as they are.")
    found = list(root.iter(f"{SAML}Assertion"))
    if len(found) != 1 or found[0] not in list(root):
        raise Unproven("It must have one assertion, in its own place.")
    assertion = found[0]
    names = [
        name
        for element in root.iter()
        for key, name in element.attrib.items()
        if key.rpartition("}")[2].lower() == "id"
    ]
    if len(names) != len(set(names)):
        raise Unproven("Two of its parts have the same name.")
    own, of_all = assertion.findall(f"{DS}Signature"), root.findall(f"{DS}Signature")
    if len(own) != 1:
        raise Unproven("Its assertion is not signed itself.")
    if len(of_all) > 1 or len(list(root.iter(f"{DS}Signature"))) != 1 + len(of_all):
        raise Unproven("It has signatures where none should be.")
    _signs(own[0], assertion)
    for one in of_all:
        _signs(one, root)
    return assertion


def claims(answer: Answer, expected: Expected, now: datetime) -> Claims:
    """Raises like `only_assertion`."""
    assertion = only_assertion(answer)
    _addressed(answer.root, assertion, expected)
    _recent(assertion, now)
    _conditions(assertion, expected, now)
    if not any(_confirmed(data, expected, now) for data in _confirmations(assertion)):
        raise Unproven("It was made for another sign-in, another place, or another time than this one.")
    names = _attributes(assertion, "Name")
    said = _attributes(assertion, "FriendlyName") | names  # what is one's name is not another's by being called so
    name_id = assertion.find(f"{SAML}Subject/{SAML}NameID")
    at, how = _signed_in(assertion, now)
    return Claims(
        subject=_subject(name_id, names, expected),
        email=_email(name_id, said, expected),
        verified=None,  # SAML has no word for it
        name=next((said[name] for name in NAME if name in said), None),
        auth_time=at,
        acr=how,
    )


def _addressed(root: Element, assertion: Element, expected: Expected) -> None:
    if root.get("Destination", expected.here) != expected.here:
        raise Unproven("It was sent to another address than this one.")
    if root.get("InResponseTo") != expected.request:
        raise Unproven("It was made for another sign-in than this one.")
    issuers = [*root.findall(f"{SAML}Issuer"), *assertion.findall(f"{SAML}Issuer")]
    if assertion.find(f"{SAML}Issuer") is None or {words(one) for one in issuers} != {expected.provider}:
        raise Unproven("It comes from another organisation than the one that was asked.")


def _signs(signature: Element, whole: Element) -> None:
    """A signature of `whole` and of nothing else, made in the one way that SAML knows."""
    info, references = signature.find(f"{DS}SignedInfo"), list(signature.iter(f"{DS}Reference"))
    if info is None or len(references) != 1 or list(signature.iter(f"{DS}Object")):
        raise Unproven("Its signature is not about one thing.")
    reference = references[0]
    if not whole.get("ID") or reference.get("URI") != f"#{whole.get('ID')}":
        raise Unproven("Its signature is about something else.")
    method, digest = info.find(f"{DS}SignatureMethod"), reference.find(f"{DS}DigestMethod")
    canonical = info.find(f"{DS}CanonicalizationMethod")
    transforms = [one.get("Algorithm") for one in reference.iter(f"{DS}Transform")]
    if (
        (method is None or method.get("Algorithm") not in SIGNED_WITH)
        or (digest is None or digest.get("Algorithm") not in DIGESTED_WITH)
        or (canonical is None or canonical.get("Algorithm") != TRANSFORMS[1])
        or transforms != TRANSFORMS
    ):
        raise Unproven("It is signed in a way that is not safe: RSA or ECDSA with SHA-256 or more will do.")


def _recent(assertion: Element, now: datetime) -> None:
    made = moment(assertion.get("IssueInstant"))
    if made is None or made < now - OLDEST:
        raise Unproven("It is too old.")
    if made > now + LEEWAY:
        raise Unproven("It is from the future: the clocks of the two sides differ.")


def _within(element: Element, now: datetime) -> bool:
    begins, ends = element.get("NotBefore"), element.get("NotOnOrAfter")
    first, last = moment(begins), moment(ends)
    begun = begins is None or (first is not None and first <= now + LEEWAY)
    return begun and (ends is None or (last is not None and last > now - LEEWAY))


def _conditions(assertion: Element, expected: Expected, now: datetime) -> None:
    found = assertion.findall(f"{SAML}Conditions")
    if len(found) != 1 or not _within(found[0], now):
        raise Unproven("It does not hold now.")
    audiences = found[0].findall(f"{SAML}AudienceRestriction")
    if not audiences or not all(
        expected.us in [words(one) for one in audience.findall(f"{SAML}Audience")] for audience in audiences
    ):
        raise Unproven("It is for another program than this one.")


def _confirmations(assertion: Element) -> Iterator[Element]:
    for one in assertion.iterfind(f"{SAML}Subject/{SAML}SubjectConfirmation"):
        if one.get("Method") == BEARER:
            yield from one.findall(f"{SAML}SubjectConfirmationData")


def _confirmed(data: Element, expected: Expected, now: datetime) -> bool:
    return (
        data.get("Recipient") == expected.here
        and data.get("InResponseTo") == expected.request
        and data.get("NotOnOrAfter") is not None
        and _within(data, now)
    )


def _attributes(assertion: Element, called: str) -> dict[str, str]:
    """Each by what is `called` so of it (`Name`, `FriendlyName`), in small letters: the first value of it."""
    found: dict[str, str] = {}
    for one in assertion.findall(f"{SAML}AttributeStatement/{SAML}Attribute"):
        name, value = one.get(called, "").strip().lower(), words(one.find(f"{SAML}AttributeValue"))
        if name and value and len(value) <= LONGEST_TEXT:
            found.setdefault(name, value)
    return found


def _subject(name_id: Element | None, names: dict[str, str], expected: Expected) -> str:
    """An attribute counts by its `Name` only: anybody's may have any `FriendlyName` (SAML core 2.7.3.1)."""
    if expected.subject_attribute:
        found = names.get(expected.subject_attribute.lower(), "")
    else:
        found = words(name_id)
        if name_id is not None and name_id.get("Format") == TRANSIENT:
            raise Unproven("It calls people anew each time: set it up over there to send a lasting name.")
    if not 0 < len(found) <= LONGEST_SUBJECT:
        raise Unproven("It does not say whom it is about.")
    return found


def _email(name_id: Element | None, said: dict[str, str], expected: Expected) -> str | None:
    if expected.email_attribute:
        return said.get(expected.email_attribute.lower())
    found = next((said[name] for name in EMAIL if name in said), None)
    is_address = name_id is not None and name_id.get("Format") == ADDRESS
    return found or (words(name_id) or None if is_address else None)


def _signed_in(assertion: Element, now: datetime) -> tuple[datetime | None, str]:
    """When somebody signed in over there, and how."""
    found = assertion.findall(f"{SAML}AuthnStatement")
    until = found[0].get("SessionNotOnOrAfter") if len(found) == 1 else None
    last = moment(until)
    if len(found) != 1 or (until is not None and (last is None or last <= now)):
        raise Unproven("It does not say that somebody has signed in.")
    how = words(found[0].find(f"{SAML}AuthnContext/{SAML}AuthnContextClassRef"))
    return moment(found[0].get("AuthnInstant")), how
