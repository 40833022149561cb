"""A reader's address: its place, then words after commas."""

from typing import Final, cast

from cranny.core.errors import Invalid
from cranny.edge.readers import Kind

KINDS: Final = ("text", "badge")


def read(address: str, **options: str) -> tuple[str, dict[str, str]]:
    """(place, options with their defaults). Raises Invalid, code `reader-address-invalid`."""
    place, *words = address.split(",")
    if not place.startswith("/"):
        raise wrong(f"it begins with a device like /dev/…, not {place!r}")
    said = dict(options)
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in options:
            raise wrong(f"it does not know {word!r}; there are: {', '.join(sorted(options))}, each with = and a value")
        said[name] = value
    return place, said


def kind(said: dict[str, str]) -> Kind:
    if said["kind"] not in KINDS:
        raise wrong(f"kind is text or badge, not {said['kind']!r}")
    return cast("Kind", said["kind"])


def wrong(what: str) -> Invalid:
    return Invalid(f"A reader's address can't be used: {what}. See docs/readers.md.", code="reader-address-invalid")
