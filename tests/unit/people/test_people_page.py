"""The page about people prints the table as it is, and the table holds what it says."""

from pathlib import Path
from uuid import UUID

import pytest

from cranny.people.browsers import browser
from cranny.platform.permissions import (
    ALL,
    OF_THE_TENANT,
    OWN,
    STEP_UP,
    TABLE,
    Action,
    Membership,
    Reach,
    Rights,
    Role,
    rights,
)
from cranny.platform.permissions_page import table

PAGE = Path(__file__).parents[3] / "docs/people.md"
HERE, THERE = UUID(int=1), UUID(int=2)


def test_the_page_prints_the_table() -> None:
    assert table() in PAGE.read_text(encoding="utf-8"), "print it anew: python -m cranny.platform.permissions_page"


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_a_role_at_a_site_reaches_no_further_than_the_site(role: Role, action: Action) -> None:
    here = Rights(frozenset({Membership(role, HERE)})).may(action)
    whole = rights([role]).may(action)
    assert bool(whole) == (action in TABLE[role])
    assert bool(here) == (action in TABLE[role] and action not in OF_THE_TENANT)
    if here.where is not None:
        reaches = TABLE[role].get(action) is Reach.ALL and action not in OF_THE_TENANT
        assert here.sites == ({HERE} if reaches else set())
    assert THERE not in here.sites


def test_roles_add_up() -> None:
    both = Rights(frozenset({Membership(Role.RECIPIENT), Membership(Role.CLERK, HERE)}))
    allowed = both.may(Action.DELIVERIES_READ)
    assert (allowed.tenant, allowed.sites, allowed.own) == (False, {HERE}, True)
    assert not Rights().may(Action.SELF)


def test_what_gives_powers_away_asks_who_it_is() -> None:
    assert {Action.COMMANDS_ASK, Action.KEYS_EDIT, Action.PEOPLE_EDIT, Action.GRANTS_REVEAL} <= STEP_UP
    assert ALL[Action.PEOPLE_EDIT] == (Role.ADMIN,)
    assert Role.RECIPIENT not in ALL[Action.DELIVERIES_READ]
    assert Role.RECIPIENT in OWN[Action.DELIVERIES_READ]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/156.0 Safari/537.36 Edg/156.0", "Edge, Windows"),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/156.0 Mobile Safari/537.36", "Chrome, Android"),
        ("curl/8.0", ""),
        ("", ""),
    ],
)
def test_browsers_are_called_what_people_call_them(agent: str, name: str) -> None:
    assert browser(agent) == name
