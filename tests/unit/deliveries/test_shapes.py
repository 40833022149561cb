"""What an announcement must say, told by the path of what is wrong."""

import msgspec
import pytest

from cranny.core.errors import Invalid
from cranny.usecases.deliveries.shapes import DeliveryAsked, check

BANK = "019cadc6-9a80-7192-8035-a06b16b28ca5"
ITEM = {"tracking": "JD 1", "width": 300, "height": 100, "depth": 400}


def asked(*items: dict, **more: object) -> DeliveryAsked:
    plain = {"bank": BANK, "items": list(items or [ITEM]), "recipient": {"phone": "+4915112345678"}}
    return msgspec.convert(plain | more, DeliveryAsked)


def test_a_good_one_passes() -> None:
    check(asked())
    check(asked({"tracking": "JD 1", "size": "M"}, {"tracking": "JD 2", "width": 1, "height": 1, "depth": 1}))


@pytest.mark.parametrize(
    ("items", "path"),
    [
        ([{"tracking": " - "}], "items[0].tracking"),
        ([ITEM, {**ITEM, "tracking": "\uff4a\uff44-1"}], "items[1].tracking"),
        ([{"tracking": "JD 1"}], "items[0].size"),
        ([{"tracking": "JD 1", "width": 5}], "items[0].height"),
        ([{"tracking": "JD 1", "width": 5, "height": 5}], "items[0].depth"),
        ([ITEM, {**ITEM, "tracking": "JD 2", "size": "M"}], "items[1].size"),
    ],
)
def test_a_bad_item_is_named(items: list[dict], path: str) -> None:
    with pytest.raises(Invalid) as invalid:
        check(asked(*items))
    assert [error.path for error in invalid.value.extra["errors"]] == [path]


def test_somebody_must_be_reachable() -> None:
    with pytest.raises(Invalid) as invalid:
        check(asked(recipient={"name": "Ada", "email": "", "phone": ""}), "[3].")
    assert [error.path for error in invalid.value.extra["errors"]] == ["[3].recipient"]


@pytest.mark.parametrize(
    "more",
    [
        {"kind": "Two words"},
        {"hold_hours": 0},
        {"collect_within_hours": 9000},
        {"items": [{**ITEM, "width": 3001}]},
        {"items": [{**ITEM, "tracking": "x" * 65}]},
        {"items": [ITEM] * 21},
        {"surprise": 1},
    ],
)
def test_what_is_out_of_bounds_is_never_read(more: dict) -> None:
    with pytest.raises(msgspec.ValidationError):
        asked(**more)
