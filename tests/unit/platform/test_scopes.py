"""What a key is good for."""

import pytest

from cranny.core.errors import Forbidden, Invalid
from cranny.platform import scopes


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v1/deliveries", "deliveries:read"),
        ("POST", "/v1/deliveries/{delivery}/cancel", "deliveries:write"),
        ("PUT", "/v1/delivery-kinds/{name}", "deliveries:write"),
        ("GET", "/v1/banks/{bank}/capacity", "banks:read"),
        ("POST", "/v1/banks/{bank}/commands", "commands:write"),
        ("GET", "/v1/commands", "commands:read"),
        ("POST", "/v1/banks/{bank}/tokens/{token}/take-back", "commands:write"),
        ("POST", "/v1/grants/{grant}/reveal", "codes:read"),
        ("POST", "/v1/sign-in-links", "all"),
        ("DELETE", "/v1/api-keys/{key}", "keys:write"),
    ],
)
def test_what_an_operation_needs(method: str, path: str, scope: str) -> None:
    assert scopes.needed(method, path) == scope
    assert scope in scopes.KNOWN
    scopes.insist(scopes.EVERYTHING, method, path)
    scopes.insist([scope], method, path)
    with pytest.raises(Forbidden) as refused:
        scopes.insist(["notices:read"], method, path)
    assert (refused.value.code, refused.value.extra) == ("scope-missing", {"needs": scope})


def test_who_may_write_may_read_and_never_the_other_way_round() -> None:
    assert scopes.allows(["banks:write"], "banks:read")
    assert not scopes.allows(["banks:read"], "banks:write")
    assert not scopes.allows(["grants:write"], "codes:read")
    assert not scopes.allows(["codes:read"], "grants:read")


@pytest.mark.parametrize("path", ["/v1/elsewhere", "/deliveries", "/v1/", "/v1/{word}", "/"])
def test_an_address_of_no_area_is_a_mistake(path: str) -> None:
    with pytest.raises(scopes.UnknownArea):
        scopes.needed("GET", path)


def test_scopes_are_known_words() -> None:
    assert scopes.read(["events:read", "banks:read", "events:read"]) == ["banks:read", "events:read"]
    with pytest.raises(Invalid, match="parcels:read"):
        scopes.read(["banks:read", "parcels:read"])
