"""What an API key is good for: a scope is an area and `read` or `write`, and each operation needs one.

The area is told by the address. An address of no area is no operation's: the server does not start with one, so that
nothing new is open to every key by mistake. All pure.
"""

from collections.abc import Collection, Iterable
from typing import Final

from cranny.core.errors import Forbidden, Invalid

EVERYTHING: Final = ("all",)
"""The scope of a key that may do all there is, and make others."""

_AREAS: Final = {
    "alarms": "alarms",
    "anomalies": "alarms",
    "api-keys": "keys",
    "banks": "banks",
    "channel-stops": "people",
    "commands": "commands",
    "deliveries": "deliveries",
    "delivery-kinds": "deliveries",
    "events": "events",
    "grants": "grants",
    "notices": "notices",
    "people": "people",
    "privacy": "privacy",
    "self": "people",
    "scim-groups": "people",
    "sessions": "people",
    "saml-providers": "people",
    "sign-in-providers": "people",
    "sites": "banks",
    "size-classes": "banks",
    "webhook-endpoints": "webhooks",
    "webhook-messages": "webhooks",
}
"""By the first word of an address behind `/v1/`."""
_INSIDE: Final = {
    "commands": "commands",
    "erasure": "privacy",
    "export": "privacy",
    "face": "privacy",
    "tokens": "commands",
}
"""By a later word of an address: what lies inside a bank, or concerns a person, but is another matter."""
PROVISION: Final = "people:provision"
"""For a list or another system that says who is what here. It has to be said: `all` does not hold it."""
_AS_THEY_ARE: Final = {
    "/v1/grants/{grant}/reveal": "codes:read",
    "/v1/sign-in-links": "all",
    "/v1/people/imports": PROVISION,
}
"""Reading a code is a matter of its own: who may make and end grants need not see one. And whoever is signed in to the
pages may do everything there."""
_UNDER: Final = {"/scim/v2/": PROVISION}
"""Addresses of another's making."""
PERSONAL: Final = frozenset({*EVERYTHING, "commands:write", PROVISION})
"""Who holds one of these counts as a person where two have to agree, so such keys are made on the installation only: a
key that could make them would be two people."""
READS: Final = frozenset({"GET", "HEAD"})

KNOWN: Final = frozenset(
    {f"{area}:{deed}" for area in {*_AREAS.values(), *_INSIDE.values()} for deed in ("read", "write")}
    | {*_AS_THEY_ARE.values(), *_UNDER.values(), *EVERYTHING}
)


class UnknownArea(Exception):
    """An operation's address belongs to no area: give it one in `scopes.py`."""


def needed(method: str, path: str) -> str:
    """The scope of the operation at the template `path`. Raises UnknownArea."""
    if path in _AS_THEY_ARE:
        return _AS_THEY_ARE[path]
    if under := [scope for begins, scope in _UNDER.items() if path.startswith(begins)]:
        return under[0]
    words = [word for word in path.removeprefix("/v1/").split("/") if word and not word.startswith("{")]
    inside = [_INSIDE[word] for word in words[1:] if word in _INSIDE]
    area = inside[0] if inside else _AREAS.get(words[0] if path.startswith("/v1/") and words else "")
    if area is None:
        raise UnknownArea(f"{method} {path}")
    return f"{area}:{'read' if method in READS else 'write'}"


def allows(held: Collection[str], scope: str) -> bool:
    """Whether who holds these scopes may do what `scope` names. To write somewhere is to read there as well."""
    area, _, deed = scope.partition(":")
    return EVERYTHING[0] in held or scope in held or (deed == "read" and f"{area}:write" in held)


def insist(held: Collection[str], method: str, path: str) -> None:
    """Raises Forbidden, code `scope-missing`, with what is needed under `needs`."""
    scope = needed(method, path)
    if not allows(held, scope):
        raise Forbidden(
            f"This API key is not good for that: it needs the scope {scope}. Use another key, or make one with it.",
            code="scope-missing",
            extra={"needs": scope},
        )


def read(asked: Iterable[str]) -> list[str]:
    """Sorted, each once. Raises Invalid, code `scope-unknown`."""
    found = sorted(set(asked))
    if unknown := [scope for scope in found if scope not in KNOWN]:
        raise Invalid(
            f"There is no scope {', '.join(unknown)}. There are: {', '.join(sorted(KNOWN))}.", code="scope-unknown"
        )
    return found
