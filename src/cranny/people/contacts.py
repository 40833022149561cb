"""How to reach a person: checked, and brought into one form, so that equal means equal. All pure.

What is wrong is told without repeating it: errors travel further than personal data may.
"""

import re
import unicodedata
from typing import Final

import msgspec
import phonenumbers
from babel import Locale, localedata

from cranny.core.errors import Invalid

LONGEST_NAME: Final = 200
LONGEST_EMAIL: Final = 254

_LOCAL: Final = re.compile(r"""[^\s@"<>(),:;\[\]\\]{1,64}""")
_LABEL: Final = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")
_TAG: Final = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?", re.IGNORECASE)
_LANGUAGES: Final = frozenset(name.partition("_")[0] for name in localedata.locale_identifiers())
_ENGLISH: Final = Locale("en")
_SCRIPTS: Final = frozenset(_ENGLISH.scripts)
_TERRITORIES: Final = frozenset(_ENGLISH.territories)


class Contact(msgspec.Struct, frozen=True):
    """At least one of `email` and `phone`. `phone` is in international form; `language` a BCP 47 tag."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    language: str | None = None

    def __repr__(self) -> str:
        """Nothing personal, wherever it is printed."""
        return "Contact(…)"


def checked(contact: Contact) -> Contact:
    """The same contact in normal form; blanks become None. Raises Invalid, codes `name-invalid`, `email-invalid`,
    `phone-invalid`, `language-invalid`, `contact-missing`."""
    email, phone = contact.email or None, contact.phone or None
    if email is None and phone is None:
        raise Invalid("Give an e-mail address or a phone number, or nobody can be told.", code="contact-missing")
    return Contact(
        name=normal_name(contact.name) if contact.name else None,
        email=normal_email(email) if email else None,
        phone=normal_phone(phone) if phone else None,
        language=normal_language(contact.language) if contact.language else None,
    )


def normal_name(text: str) -> str | None:
    """Single spaces, composed characters. Raises Invalid, code `name-invalid`."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid(f"A name has up to {LONGEST_NAME} characters, without control characters.", code="name-invalid")
    return name or None


def normal_email(text: str) -> str:
    """Trimmed, composed, the domain in small letters. It is not asked whether the mailbox exists. Raises Invalid,
    code `email-invalid`."""
    local, at, domain = unicodedata.normalize("NFC", text).strip().rpartition("@")
    labels = domain.split(".")
    good = (
        at
        and len(local) + len(domain) < LONGEST_EMAIL
        and _LOCAL.fullmatch(local)
        and local.isprintable()
        and ".." not in f".{local}."
        and len(labels) > 1
        and all(_LABEL.fullmatch(label) for label in labels)
    )
    if not good:
        raise Invalid("This is no e-mail address; it should look like name@example.org.", code="email-invalid")
    return f"{local}@{domain.lower()}"


def email_key(email: str) -> str:
    """What makes two addresses the same: all in small letters, as mail servers in practice treat them."""
    return email.lower()


def normal_phone(text: str) -> str:
    """E.164, such as `+420601234567`. The length must be possible in its country; whether the number is given out
    changes too often to be asked. Raises Invalid, code `phone-invalid`."""
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException as error:
        raise _no_phone() from error
    if not phonenumbers.is_possible_number(number) or number.extension:
        raise _no_phone()
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normal_language(text: str) -> str:
    """A BCP 47 tag of language, script and region in their usual letters: `pt-BR`, `sr-Latn`. Raises Invalid, code
    `language-invalid`."""
    found = _TAG.fullmatch(text.strip())
    if found:
        language = found[1].lower()
        script, region = (found[2] or "").title(), (found[3] or "").upper()
        known = language in _LANGUAGES and script in _SCRIPTS | {""} and region in _TERRITORIES | {""}
        if known:
            return "-".join(part for part in (language, script, region) if part)
    raise Invalid("This is no language tag; it should look like `cs`, `pt-BR` or `sr-Latn`.", code="language-invalid")


def _no_phone() -> Invalid:
    return Invalid(
        "This is no phone number; write it in international form, like +420 601 234 567.", code="phone-invalid"
    )
