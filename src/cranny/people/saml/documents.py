"""XML from other people: read without what could make it expand, reach out, or mean two things."""

import re
from typing import Final
from xml.etree.ElementTree import Element, ParseError  # the types only; it is defusedxml that reads

SAML: Final = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SAMLP: Final = "{urn:oasis:names:tc:SAML:2.0:protocol}"
MD: Final = "{urn:oasis:names:tc:SAML:2.0:metadata}"
DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_DECLARED: Final = re.compile(r"\s*<\?xml[^>]*\?>")


class Unreadable(Exception):
    """This is no XML, or has what ours must not have."""


def plain(text: str) -> str:
    """Without its first line, which may name another encoding to one reader than to the next."""
    text = text.removeprefix("\ufeff")
    declared = _DECLARED.match(text)  # at the beginning only: looked for everywhere, blanks take it quadratic time
    return text[declared.end() :] if declared else text


def read(text: str) -> Element:
    """`text` as `plain` gives it. No document type, no entities. Raises Unreadable."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    if _DECLARED.match(text):
        raise Unreadable("two first lines")
    try:
        found: Element = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Unreadable(type(error).__name__) from error
    return found


def words(element: Element | None) -> str:
    """What stands in it, where that is nothing but text."""
    if element is None or len(element):
        return ""
    return (element.text or "").strip()
