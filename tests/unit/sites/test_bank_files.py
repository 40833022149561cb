"""A bank file with a mistake is told so by line, in words that say what to do; no file can do harm."""

import re
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cranny.core.errors import Invalid, NotFound
from cranny.sites import read_json, read_yaml, shipped_bank, shipped_banks
from cranny.sites.shapes import FEATURES, SEATED_REACH, BankFile

GOOD = """\
name: Corner
timezone: Europe/Prague
site: Shop
policy:
  hold_hours: 24
sizes:
  S: {width: 380, height: 80, depth: 640}
towers:
  - name: A
    compartments:
      - {label: 07, size: S, centre: 900, features: [charging, seated], unit: 1, channel: 1}
      - label: no
        width: 380
        height: 190
        depth: 640
        centre: 700
        unit: 1
        channel: 2
  - name: K
    console: {bottom: 700, top: 1800}
"""


def problems(text: str) -> list[tuple[int, str]]:
    """(line, message) of everything that is wrong."""
    with pytest.raises(Invalid) as invalid:
        read_yaml(text)
    assert invalid.value.code == "bank-file-invalid"
    errors: Any = invalid.value.extra["errors"]
    assert invalid.value.detail.startswith(f"line {errors[0]['line']}: {errors[0]['message']}")
    return [(error["line"], error["message"]) for error in errors]


def test_a_good_file_says_what_it_says() -> None:
    bank = read_yaml(GOOD)
    first, second = bank.compartments()
    assert (bank.name, bank.site, bank.timezone, bank.policy.hold_hours) == ("Corner", "Shop", "Europe/Prague", 24)
    # What looks like a number or a truth value to YAML is a label to people.
    assert (first.label, second.label) == ("07", "no")
    assert (first.width, first.height, first.depth, first.features) == (380, 80, 640, ("seated", "charging"))
    assert bank.towers[1].console is not None
    assert bank.towers[1].compartments == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("site: Shop", "sight: Shop", 3, "there is no key `sight`; did you mean `site`?"),
        ("site: Shop\n", "", 1, "`site` is missing; add it"),
        ("site: Shop", "site: [Shop]", 3, "`site` must be a text of 1 to 80 characters"),
        ("site: Shop", "site:", 1, "`site` is missing; add it"),
        ("site: Shop", "site: Shop\nsite: Shop", 4, "this is not YAML: the key `site` stands here a second time"),
        ("Europe/Prague", "Europe/Prag", 2, "`Europe/Prag` is no IANA time zone"),
        ("Europe/Prague", "../../etc/passwd", 2, "`../../etc/passwd` is no IANA time zone"),
        ("hold_hours: 24", "hold_hours: 0", 5, "`hold_hours`: expected `int` >= 1"),
        ("hold_hours: 24", "hold_ours: 24", 5, "there is no key `hold_ours`; did you mean `hold_hours`?"),
        ("hold_hours: 24", "unknown_tracking: maybe", 5, "`unknown_tracking`: invalid enum value 'maybe'"),
        ("policy:\n  hold_hours: 24", "policy: 3", 4, "here belongs a group of `key: value` pairs"),
        ("height: 80", "height: 8", 7, "`height` is 8; it must be 30 to 3000 mm"),
        ("size: S", "size: M", 11, "there is no `M` under `sizes`; these are: S"),
        ("size: S", "size: S, width: 3", 11, "give either `size` or `width`, `height` and `depth`, not both"),
        ("label: 07", "label: A/7", 11, "`A/7`: a label has letters, digits and hyphens only"),
        ("label: no", "label: '07'", 12, "the label `07` is taken; each door needs its own"),
        ("channel: 2", "channel: 1", 18, "unit 1, channel 1 is door 07's lock already"),
        ("channel: 2", "channel: 2000", 18, "`channel` is 2000; it must be 0 to 255"),
        ("width: 380\n", "width: 29\n", 13, "`width` is 29; it must be 30 to 3000 mm"),
        ("width: 380\n", "width: 3001\n", 13, "`width` is 3001; it must be 30 to 3000 mm"),
        ("width: 380\n", "width: 38cm\n", 13, "`width` must be a whole number of mm, not '38cm'"),
        ("width: 380\n", "width: true\n", 13, "`width` must be a whole number of mm, not True"),
        ("        depth: 640\n", "", 12, "`depth` is missing; add it"),
        ("centre: 700", "centre: 90", 16, "a compartment 190 mm high can't have its centre 90 mm above the floor"),
        ("[charging, seated]", "[charging, sitting]", 11, "there is no feature `sitting`; these are: seated, chilled"),
        ("[charging, seated]", "charging", 11, "`features` is a list such as `[charging]`"),
        (
            "centre: 900",
            "centre: 1900",
            11,
            "a door with its centre at 1900 mm is not within seated reach (400 to 1100",
        ),
        ("bottom: 700", "bottom: 1900", 20, "the console's top (1800 mm) must be above its bottom (1900 mm)"),
        ("  - name: K\n    console: {bottom: 700, top: 1800}", "  - name: K", 19, "`compartments` is missing; add it"),
        ("name: Corner", "name: [", 3, "(of what begins on line 1)"),
        ("name: Corner", "name: &a Corner", 1, "this is not YAML: anchors and aliases are not read here"),
        ("name: Corner", "name: !!python/name:os.system x", 1, "this is not YAML: the tag"),
        ("name: Corner", "name: [[[[[[[[[[[[[x]]]]]]]]]]]]]", 1, "this is not YAML: nested more than 12 deep"),
        ("name: Corner", "? [a]\n: b", 1, "this is not YAML: a key must be a word"),
        ("name: Corner", "--- \nname: x\n---\nname: y", 3, "this is not YAML: but found another document"),
        ("name: Corner", "name: \x07", 1, "this is not YAML"),
    ],
)
def test_a_mistake_is_told_by_line(old: str, new: str, line: int, says: str) -> None:
    assert old in GOOD
    found = problems(GOOD.replace(old, new, 1))
    assert any(at == line and says in message for at, message in found), found


def test_every_mistake_is_told_at_once_in_the_order_of_lines() -> None:
    text = GOOD.replace("Prague", "Prag").replace("centre: 900", "centre: x").replace("channel: 2", "chanel: 2")
    lines = [line for line, _ in problems(text)]
    assert lines == [2, 11, 12, 18]


def test_what_is_no_bank_at_all() -> None:
    assert problems("")[0] == (1, "`towers` is missing; add it")
    assert problems("- a")[0][1].startswith("here belongs a group")
    assert problems("x" * (512 * 1024 + 1))[0][1].startswith("the file is longer")
    assert (
        "no tower has a compartment"
        in problems(GOOD[: GOOD.index("  - name: A")] + GOOD[GOOD.index("  - name: K") :])[0][1]
    )


def test_a_file_of_many_names_for_one_thing_does_not_grow() -> None:
    bomb = "a: &a [x, x]\n" + "\n".join(f"{c}: &{c} [*{p}, *{p}]" for p, c in zip("abcdefgh", "bcdefghi", strict=True))
    assert "aliases" in problems(bomb)[0][1]


@given(st.text(max_size=60), st.integers(0, len(GOOD)), st.integers(0, 40))
def test_no_text_does_more_than_be_refused(text: str, at: int, gone: int) -> None:
    with suppress(Invalid):
        read_yaml(GOOD[:at] + text + GOOD[at + gone :])


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("S"),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["name", "site", "timezone", "policy", "sizes", "towers", "compartments", "label", "console"]
                )
                | st.text(max_size=3),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_json_does_more_than_be_refused(value: object) -> None:
    with pytest.raises(Invalid) as invalid:
        read_json(value)
    assert invalid.value.code == "bank-file-invalid"


@pytest.mark.parametrize("name", sorted(shipped_banks()))
def test_a_shipped_bank_could_stand_in_a_street(name: str) -> None:
    bank = shipped_bank(name)
    assert len(bank.compartments()) == int(name.rpartition("-")[2])
    assert sum(tower.console is not None for tower in bank.towers) == 1
    for tower in bank.towers:
        spans = sorted((d.centre - d.height / 2, d.centre + d.height / 2) for d in tower.compartments)
        if tower.console:
            spans = sorted([*spans, (tower.console.bottom, tower.console.top)])
        assert all(above[0] - below[1] >= 10 for below, above in pairwise(spans)), tower.name
        assert spans[0][0] >= 100
        assert 1600 <= spans[-1][1] <= 2200
    low, high = SEATED_REACH
    assert all(("seated" in d.features) == (low <= d.centre <= high) for d in bank.compartments())
    assert len({(d.width, d.height) for d in bank.compartments() if "seated" in d.features}) >= 3
    assert max(d.channel for d in bank.compartments()) == 16


@pytest.mark.slow
def test_shipped_banks_show_every_feature_and_read_the_same_as_json() -> None:
    banks: dict[str, BankFile] = {name: shipped_bank(name) for name in shipped_banks()}
    assert {feature for bank in banks.values() for d in bank.compartments() for feature in d.features} == set(FEATURES)
    for name, text in shipped_banks().items():
        assert read_json(yaml.safe_load(text)) == banks[name]
    with pytest.raises(NotFound, match="corner-20"):
        shipped_bank("corner-21")


def test_the_file_in_the_shopping_guide_is_a_bank() -> None:
    page = (Path(__file__).parents[3] / "docs/hardware.md").read_text()
    (text,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert [box.label for tower in read_yaml(text).towers for box in tower.compartments] == ["A01", "A02"]
