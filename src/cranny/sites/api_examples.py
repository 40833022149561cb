"""Examples for the description of the API, and the body of `POST /v1/banks`, which Litestar can't work out."""

from dataclasses import dataclass
from typing import Any, Final

from litestar.openapi.spec import Example, OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType

from cranny.sites.shapes import FEATURES
from cranny.wire.sensors import MEASURES, SOURCES

_BANK_ID: Final = "0199b6a0-7c00-7a3e-9d2f-1d6f6a2b4c01"
_SITE_ID: Final = "0199b6a0-7c00-7a3e-9d2f-1d6f6a2b4c02"

POLICY: Final[dict[str, Any]] = {
    "unknown_tracking": "accept",
    "visit_idle_s": 60,
    "open_wait_s": 3,
    "unsecured_after_s": 180,
    "reopen_within_s": 300,
    "reopen_times": 3,
    "hold_hours": 24,
    "collect_hours": 48,
    "second_person_above": 3,
    "chilled_from_c": 0,
    "chilled_to_c": 8,
    "frozen_to_c": -18,
    "climate_alarm_min": 10,
    "spoils_after_min": 60,
}
BANK: Final[dict[str, Any]] = {
    "id": _BANK_ID,
    "site": _SITE_ID,
    "site_name": "Main station",
    "name": "Station 60",
    "timezone": "Europe/Prague",
    "policy": POLICY,
    "towers": [
        {"name": "A", "number": 0, "console": None},
        {"name": "K", "number": None, "console": {"bottom": 700, "top": 1800}},
    ],
    "created": "2026-11-22T09:30:00Z",
    "doors": 60,
    "sensors": [
        {
            "name": "E air",
            "kind": "temperature",
            "source": "modbus",
            "address": "tcp://10.0.0.5:502?unit=1&register=1&factor=10",
            "doors": ["E01", "E02"],
            "every_s": 30,
            "low": None,
            "high": None,
        }
    ],
}
BANKS: Final = {"items": [BANK], "next": None}
BANK_CHANGE: Final = {"name": "Station 60, north"}
SITE: Final = {"id": _SITE_ID, "name": "Main station", "timezone": "Europe/Prague", "banks": 3}
SITES: Final = {"items": [SITE], "next": None}
SITE_CHANGE: Final = {"name": "Central station"}
COMPARTMENTS: Final = {
    "items": [
        {
            "label": "A09",
            "tower": 0,
            "width": 380,
            "height": 410,
            "depth": 640,
            "centre": 740,
            "features": ["seated"],
            "unit": 1,
            "channel": 9,
            "size": "L",
            "blocked": None,
            "unfit": None,
            "generation": 17,
            "occupied_since": "2026-11-22T10:04:12Z",
            "deliveries": ["0199b6c1-5a10-7b4c-8e11-3f0a9d2c7e10"],
        }
    ],
    "next": None,
}
CAPACITY: Final = {
    "bank": _BANK_ID,
    "doors": [{"size": "M", "features": ["chilled"], "total": 5, "free": 3, "occupied": 1, "blocked": 0, "unfit": 1}],
    "promised": [{"size": "S", "features": ["chilled"], "count": 2}],
    "room": [{"size": "S", "features": ["chilled"], "count": 1}, {"size": "M", "features": ["chilled"], "count": 1}],
    "forecast": None,
}
SIZE_CLASS_ASKED: Final = {"name": "letter", "width": 330, "height": 40, "depth": 240}
SIZE_CLASS: Final = {"id": "0199b6a0-7c00-7a3e-9d2f-1d6f6a2b4c03", **SIZE_CLASS_ASKED}
SIZE_CLASSES: Final = {"items": [SIZE_CLASS], "next": None}

_FILE: Final[dict[str, Any]] = {
    "name": "Corner 3",
    "timezone": "Europe/Prague",
    "site": "Corner shop",
    "sizes": {"S": {"width": 380, "height": 80, "depth": 640}},
    "towers": [
        {
            "name": "A",
            "compartments": [
                {"label": "A01", "size": "S", "centre": 1000, "features": ["seated"], "unit": 1, "channel": 1},
                {"label": "A02", "width": 380, "height": 190, "depth": 640, "centre": 850, "unit": 1, "channel": 2},
            ],
        },
        {"name": "K", "console": {"bottom": 700, "top": 1800}},
    ],
}
_FILE_YAML: Final = """\
name: Corner 3
timezone: Europe/Prague
site: Corner shop
sizes:
  S: {width: 380, height: 80, depth: 640}
towers:
  - name: A
    compartments:
      - {label: A01, size: S, centre: 1000, features: [seated], unit: 1, channel: 1}
      - {label: A02, width: 380, height: 190, depth: 640, centre: 850, unit: 1, channel: 2}
  - name: K
    console: {bottom: 700, top: 1800}
"""


def _whole(description: str, low: int, high: int) -> Schema:
    return Schema(type=OpenAPIType.INTEGER, description=description, minimum=low, maximum=high)


def _text(description: str, longest: int) -> Schema:
    return Schema(type=OpenAPIType.STRING, description=description, min_length=1, max_length=longest)


def _group(required: list[str], **properties: Schema) -> Schema:
    return Schema(type=OpenAPIType.OBJECT, required=required, properties={**properties}, additional_properties=False)


_SIDES: Final = {side: _whole(f"Inner {side}, mm.", 30, 3000) for side in ("width", "height", "depth")}
_COMPARTMENT: Final = _group(
    ["label", "centre", "unit", "channel"],
    label=_text("Unique in the bank; letters, digits and hyphens.", 8),
    size=_text("A name under `sizes`, in place of width, height and depth.", 80),
    **_SIDES,
    centre=_whole("Height of the door's middle above the floor, mm.", 30, 2500),
    features=Schema(type=OpenAPIType.ARRAY, items=Schema(type=OpenAPIType.STRING, enum=list(FEATURES))),
    unit=_whole("The lock board.", 0, 255),
    channel=_whole("The board's channel.", 0, 255),
)
_TOWER: Final = _group(
    ["name"],
    name=_text("What people call the column.", 20),
    console=_group(
        ["bottom", "top"],
        bottom=_whole("The panel's lower edge, mm above the floor.", 0, 2500),
        top=_whole("The panel's upper edge, mm above the floor.", 1, 2500),
    ),
    compartments=Schema(type=OpenAPIType.ARRAY, items=_COMPARTMENT, min_items=1, max_items=1000),
)
_SENSOR: Final = _group(
    ["name", "kind", "source", "address"],
    name=_text("Unique in the bank.", 32),
    kind=Schema(type=OpenAPIType.STRING, enum=list(MEASURES)),
    source=Schema(type=OpenAPIType.STRING, enum=list(SOURCES), description="Which file of `edge/sensors` reads it."),
    address=_text("As the source has it, such as `tcp://10.0.0.5:502?unit=1&register=1`.", 200),
    tower=_text("It is about all compartments of this tower.", 20),
    compartments=Schema(
        type=OpenAPIType.ARRAY, items=Schema(type=OpenAPIType.STRING), description="It is about these, by label."
    ),
    low=_whole("The least that is right, in whole units.", -60, 100),
    high=_whole("The most that is right, in whole units.", -60, 100),
    every_s=_whole("Seconds between two readings.", 5, 3600),
)
_BANK: Final = _group(
    ["name", "timezone", "site", "towers"],
    name=_text("What people call the bank.", 80),
    timezone=_text("An IANA name, such as `Europe/Prague`.", 64),
    site=_text("The place's name; made when there is none of that name.", 80),
    policy=Schema(type=OpenAPIType.OBJECT, description="As in `PUT /v1/banks/{bank}/policy`."),
    sizes=Schema(
        type=OpenAPIType.OBJECT,
        description="Names for inner sizes, used in this file only.",
        additional_properties=_group([*_SIDES], **_SIDES),
    ),
    towers=Schema(type=OpenAPIType.ARRAY, items=_TOWER, min_items=1, max_items=64),
    sensors=Schema(type=OpenAPIType.ARRAY, items=_SENSOR, max_items=128),
)


@dataclass
class AddBank(Operation):
    """The operation with its two kinds of body."""

    def __post_init__(self) -> None:
        self.request_body = RequestBody(
            required=True,
            description="A bank file.",
            content={
                "application/json": OpenAPIMediaType(
                    schema=_BANK, examples={"bank": Example(summary="A small bank", value=_FILE)}
                ),
                "application/yaml": OpenAPIMediaType(
                    schema=Schema(type=OpenAPIType.STRING),
                    examples={"bank": Example(summary="The same as YAML", value=_FILE_YAML)},
                ),
            },
        )
