"""Banks and views to look at: the shipped layouts, filled by a fixed seed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import yaml

import cranny
from cranny.core.rng import SeededRng, pick
from cranny.ui import models
from cranny.ui.geometry import Front, level, side, stand

NOW = datetime(2026, 11, 24, 17, 5, tzinfo=UTC)
NAMES = {"station-60": "Entrance B", "corner-20": "Corner shop", "campus-128": "North campus", "odd": "Oddity"}
BANKS = Path(cranny.__file__).parent / "sites/banks"
WHO = ("A. Kowalska", "T. Okafor", "M. Haddad", "J. Lindqvist", "R. Fernández", "S. Banerjee", "L. Moreau", "B. Weber")


def compartments(name):
    """The doors of a shipped bank, and where its panel is."""
    file = yaml.safe_load((BANKS / f"{name}.yaml").read_text())
    doors, screen, tower = [], None, 0
    for group in file["towers"]:
        if console := group.get("console"):
            screen = SimpleNamespace(tower=tower, own="compartments" not in group, **console)
        for door in group.get("compartments", ()):
            sizes = file["sizes"][door["size"]] if "size" in door else door
            doors.append(
                SimpleNamespace(
                    label=door["label"],
                    width=sizes["width"],
                    height=sizes["height"],
                    depth=sizes["depth"],
                    centre=door["centre"],
                    tower=tower,
                    features=tuple(door.get("features", ())),
                )
            )
        tower += "compartments" in group
    return doors, screen


def odd():
    """A layout nobody ships: no screen, uneven towers, half-width doors side by side, one huge door."""
    rows = [(0, 600, 1800, 950), (1, 290, 200, 1700), (1, 290, 200, 1700), (1, 600, 300, 1430), (1, 600, 1200, 660)]
    rows += [(2, 300, 95, 1750 - 110 * n) for n in range(15)]
    return [
        SimpleNamespace(label=f"{n + 1}", width=w, height=h, depth=500, centre=c, tower=t, features=())
        for n, (t, w, h, c) in enumerate(rows)
    ], None


def bank(name):
    return odd() if name == "odd" else compartments(name)


def front(name) -> Front:
    return stand(*bank(name))


def shuffled(rng, n):
    """A state for each of `n` doors, every one of them seen."""
    states = (
        ["open", "alarm", "blocked", "unknown", "return", "return"]
        + ["overdue"] * max(n // 20, 1)
        + ["held"] * (n // 2)
    )
    states = (states + ["free"] * n)[:n]
    return [states.pop(rng.below(len(states))) for _ in range(n)]


def wall(name="station-60", chosen=None, seed=7) -> models.WallView:
    doors, screen = bank(name)
    rng = SeededRng(seed)
    n = len(doors)
    states = shuffled(rng, n)
    views = []
    for index, (door, state) in enumerate(zip(doors, states, strict=True)):
        held = state in ("held", "overdue", "return", "open")
        hours = 50 + 20 * rng.uniform() if state == "overdue" else 0.3 + 45 * rng.uniform()
        views.append(
            models.DoorView(
                index=index,
                label=door.label,
                state=state,
                href=f"/walls/{name}?door={door.label}",
                features=tuple(f for f in door.features if f != "seated"),
                who=pick(rng, WHO) if held else "",
                since=NOW - timedelta(hours=hours) if held else None,
                until=NOW + timedelta(hours=48 - hours) if held else None,
                celsius=cold(door.features),
            )
        )
    return models.WallView(
        bank="Entrance B",
        site="Rose Court",
        front=stand(doors, screen),
        doors=tuple(views),
        sheet=f"/walls/{name}/front.css",
        live=f"/walls/{name}/live",
        home="/walls",
        online=True,
        heard=NOW - timedelta(seconds=2),
        now=NOW,
        sizes=(
            models.SizeCount(name="small", free=6, of=20, promised=2, box=(380, 80)),
            models.SizeCount(name="medium", free=4, of=24, promised=1, box=(380, 190)),
            models.SizeCount(name="large", free=1, of=16, promised=1, box=(380, 410)),
        ),
        feed=feed(views),
        selected=details(doors, views, chosen) if chosen is not None else None,
        today=(74, 61),
        alarms=alarms(doors),
        odd_count=7,
        odd=contradictions(),
        awaiting=(command("awaiting_confirmation", "C01", by="help desk"), command("awaiting_confirmation", by="me")),
        ask=f"/walls/{name}/ask",
    )


def contradictions():
    """What is to be looked at, the newest first."""
    told = [
        ("deposited_after_cancel", "B07", "Order 4711", "recall", 1),
        ("no_room", "", "JD0146000089", "reroute", 3),
        ("opened_locally", "C01", "", "nothing", 1),
        ("duplicate_identity", "A11", "JD0146000091", "look", 1),
        ("downlink_ahead", "", "", "restore", 12),
    ]
    return tuple(
        models.OddView(f"o{n}", kind, door, parcel, deed, times, NOW - timedelta(hours=7 * n), "/sign-in/settle")
        for n, (kind, door, parcel, deed, times) in enumerate(told)
    )


WHY = "Recipient is there, and the code does not open"


def command(state="executed", door="", action="", by="help desk", answer="", **more):
    """Something asked from afar; of the whole bank without a `door`."""
    return models.CommandView(
        id=f"c-{state}-{door}",
        href=f"/walls/station-60/commands/{state}",
        action=action or ("open" if door else "open_all"),
        state=state,
        door=door,
        why=WHY,
        by=by,
        by_key=by,
        created=NOW - timedelta(minutes=2),
        expires=NOW + timedelta(minutes=3),
        answer=answer,
        opened=59,
        of=60,
        **more,
    )


def question(name="station-60", action="open", door="A10", needs="", **more):
    chosen = wall(name, door or None).selected
    return models.AskView(
        id="0192",
        post=f"/walls/{name}/commands",
        action=action,
        bank="Entrance B",
        door=door,
        state=chosen.door.state if chosen else "unknown",
        holds=tuple(item.text for item in chosen.holds) if chosen else (),
        needs=needs,
        back=f"/walls/{name}",
        **more,
    )


def cold(features):
    """In hundredths of a degree."""
    return 1140 if "chilled" in features else -1960 if "frozen" in features else None


def alarms(doors):
    chilled = tuple(door.label for door in doors if "chilled" in door.features)
    if not chilled:
        return ()
    return (
        models.AlarmView(
            href="/sign-in/settle-alarm",
            kind="too_warm",
            channel="E air",
            doors=chilled,
            since=NOW - timedelta(minutes=47),
            value=1140,
            limit=800,
            unit="°C",
        ),
        models.AlarmView(kind="mains_lost", channel="mains", doors=(), since=NOW - timedelta(minutes=50), seen=True),
    )


def day():
    """A fridge that hums, is dark for two hours, and fails in the evening."""
    start, line = int(NOW.timestamp()) - 86_400, []
    for minute in range(0, 1440, 7):
        warm = max(minute - 1380, 0) * 12
        value = None if 500 < minute < 620 else 400 + (minute * 37 % 110) - 55 + warm
        line.append((start + minute * 60, value))
    return models.ClimateView(channel="E air", now=1140, low=0, high=800, line=tuple(line))


def feed(views):
    lines = [
        ("door.opened", views[1].label, 0),
        ("collect.finished", views[4].label, 1),
        ("deposit.stored", views[2].label, 4),
        ("door.unsecured", views[3].label, 9),
        ("deposit.abandoned", views[5].label, 17),
        ("bank.online", "", 26),
        ("bank.offline", "", 27),
        ("code.exhausted", "", 40),
        ("something.new", views[0].label, 44),
    ]
    warm = models.FeedLine(position=10, time=NOW - timedelta(minutes=47), type="sensor.alarmed", detail="too_warm")
    return (
        *lines_of(lines),
        warm,
    )


def lines_of(lines):
    return tuple(
        models.FeedLine(position=90 - n, time=NOW - timedelta(minutes=minutes), type=kind, door=label)
        for n, (kind, label, minutes) in enumerate(lines)
    )


def details(doors, views, label):
    door, view = next((d, v) for d, v in zip(doors, views, strict=True) if v.label == label)
    held = view.since is not None
    return models.DoorDetails(
        door=view,
        size_class="medium",
        width=door.width,
        height=door.height,
        depth=door.depth,
        seated=380 <= door.centre <= 1220,
        holds=(models.Reference(text="PT-4821"), models.Reference(text="KD-1180")) if held else (),
        who=view.who,
        reason={"blocked": "not-opened", "alarm": "unsecured"}.get(view.state, ""),
        history=(
            models.HistoryLine(time=NOW, type="door.opened"),
            models.HistoryLine(time=NOW - timedelta(hours=5), type="deposit.stored", offline=True),
            models.HistoryLine(
                time=NOW - timedelta(hours=6), type="collect.finished", detail="collect", evidence="inferred"
            ),
            models.HistoryLine(time=NOW - timedelta(days=2), type="door.blocked", detail="not-opened"),
        ),
        climate=day() if "chilled" in door.features else None,
        spoiled="chilled" in door.features and held,
        ask="/walls/station-60/ask",
        commands=(command("executed", label), command("refused", label, answer="changed", confirmed_by="night desk")),
    )


def place(name, label):
    doors, screen = bank(name)
    drawn = stand(doors, screen)
    index = next(i for i, d in enumerate(doors) if d.label == label)
    return models.Place(label=label, index=index, side=side(drawn, index), level=level(doors[index].centre))


def screens(name="station-60", label="B04", other="E03"):
    """Every screen of the kiosk that there is, by name."""
    at, there = place(name, label), place(name, other)
    return {
        "home": models.Home(),
        **{f"home-{p}": models.Home(problem=p) for p in get_args(models.Problem) if p},
        "home-wait": models.Home(problem="wrong-code", wait_s=16),
        "opening": models.Opening(place=at, purpose="collect"),
        "opening-again": models.Opening(place=at, purpose="collect", attempt=2),
        "opening-other": models.Opening(place=there, purpose="deposit", instead_of=label),
        "open": models.Open(place=at, purpose="collect"),
        "open-two": models.Open(place=at, purpose="collect", items=2),
        "open-too-small": models.Open(place=at, purpose="deposit", visit="v1", too_small=True),
        "open-problem": models.Open(place=at, purpose="deposit", visit="v1", problem="not-expected"),
        "open-late": models.Open(place=there, purpose="collect", late=True),
        "open-deposit": models.Open(place=there, purpose="deposit", visit="v1", items=3, together=True),
        "open-spoiled": models.Open(place=there, purpose="collect", items=1, spoiled=True),
        "open-recall": models.Open(place=there, purpose="recall"),
        "open-inspect": models.Open(place=at, purpose="inspect"),
        "done": models.Done(place=at, outcome="collected", reopen_s=300),
        **{
            f"done-{o}": models.Done(place=at, outcome=o, visit="v1" if o in ("stored", "empty") else "", stored=3)
            for o in get_args(models.Outcome)
        },
        "trouble": models.Trouble(place=at, purpose="collect"),
        "trouble-deposit": models.Trouble(place=at, purpose="deposit"),
        "counting": models.Counting(session="s1", phase="ready", place=at, looked=3, of=60),
        "counting-open": models.Counting(session="s1", phase="open", place=at, holds=2, looked=3, of=60),
        "counting-said": models.Counting(
            session="s1", phase="open", place=there, holds=1, answer="not_there", looked=59, of=60, late=True
        ),
        "counting-ask": models.Counting(session="s1", phase="ask", place=there, looked=4, of=60),
        "counting-over": models.Counting(session="", phase="over", looked=60, of=60),
        "counting-stopped": models.Counting(session="", phase="over", looked=12, of=60),
        "help": models.Help(),
        "closed": models.Closed(),
        "closed-new": models.Closed(new=True),
    }


def kiosk(screen, *, name="station-60", language="en", easier=False, dark=False, offline=False):
    return models.KioskView(
        screen=screen,
        bank="Entrance B",
        site="Rose Court",
        base="/kiosk",
        front=front(name),
        language=language,
        languages=("en", "de", "pl"),
        easier=easier,
        dark=dark,
        offline=offline,
        phone="0800 123 456",
    )


def card(name):
    view = wall(name)
    return models.BankCard(
        name=NAMES[name],
        site="Rose Court",
        href=f"/walls/{name}",
        front=view.front,
        states=tuple(d.state for d in view.doors),
        online=name != "corner-20",
        heard=None if name == "odd" else NOW - timedelta(hours=3),
    )
