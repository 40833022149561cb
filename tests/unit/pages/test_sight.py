"""Whoever looks at a wall sees what the table of permissions gives them there, and no button that would say no."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from cranny.pages.operator.sight import sight
from cranny.platform.permissions import TABLE, Action, Membership, Reach, Rights, Role
from cranny.ui.geometry import Front
from cranny.ui.models import AlarmView, CommandView, DoorDetails, DoorView, OddView, Reference, WallView

NEAR, FAR = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def wall() -> WallView:
    door = DoorView(index=0, label="A1", state="held", href="/walls/x?door=A1", who="Order 4711")
    command = CommandView(
        id="c",
        href="/walls/x/commands/c",
        action="open",
        state="awaiting_confirmation",
        door="A1",
        why="the tenant asked",
        by="Ada",
        by_key="a",
        created=NOW,
        expires=NOW + timedelta(minutes=5),
    )
    details = DoorDetails(
        door=door,
        size_class="S",
        width=1,
        height=1,
        depth=1,
        seated=False,
        holds=(Reference(text="Order 4711"),),
        who="Ada Example",
        ask="/walls/x/ask",
        commands=(command,),
    )
    return WallView(
        bank="Main",
        site="Near",
        front=Front(1, 1, 1, ()),
        doors=(door,),
        sheet="",
        live="",
        home="/walls",
        online=True,
        heard=NOW,
        now=NOW,
        selected=details,
        awaiting=(command,),
        alarms=(AlarmView(kind="too_warm", channel="air", doors=("A1",), since=NOW),),
        odd_count=1,
        odd=(OddView(id="o", kind="spoiled", door="A1", parcel="Order 4711", deed="inspect", times=1, since=NOW),),
        ask="/walls/x/ask",
    )


def may(role: Role, action: Action) -> bool:
    return TABLE[role].get(action) is Reach.ALL


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("site", [None, NEAR])
def test_every_role_sees_what_it_may(role: Role, site: UUID | None) -> None:
    seen = sight(Rights(frozenset({Membership(role, site)})), NEAR).wall(wall())
    assert seen.selected is not None
    asks, parcels = may(role, Action.COMMANDS_ASK), may(role, Action.DELIVERIES_READ)
    assert (bool(seen.ask), bool(seen.selected.ask)) == (asks, asks)
    assert seen.may_settle == may(role, Action.TROUBLE_SETTLE)
    assert seen.may_agree == may(role, Action.COMMANDS_AGREE)
    assert bool(seen.awaiting) == bool(seen.selected.commands) == may(role, Action.COMMANDS_READ)
    assert bool(seen.alarms) == bool(seen.odd) == bool(seen.odd_count) == may(role, Action.TROUBLE_READ)
    assert ("4711" in repr((seen.doors, seen.selected.holds))) == parcels
    assert bool(seen.selected.who) == parcels


def test_a_role_elsewhere_shows_nothing_here() -> None:
    seen = sight(Rights(frozenset({Membership(Role.ADMIN, FAR)})), NEAR).wall(wall())
    assert (seen.ask, seen.awaiting, seen.may_agree, seen.doors[0].who) == ("", (), False, "")
