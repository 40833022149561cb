"""Any layout can be drawn, and no two doors are drawn over each other."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from cranny.ui import sheet
from cranny.ui.geometry import level, side, stand


def door(tower, height, centre, width=380):
    return SimpleNamespace(tower=tower, width=width, height=height, centre=centre)


SIMPLE = [door(0, 400, 1800), door(0, 190, 1300), door(1, 190, 1905), door(1, 800, 900)]
PANEL = SimpleNamespace(tower=1, bottom=900, top=1500, own=True)

doors = st.lists(
    st.builds(door, st.integers(0, 5), st.integers(60, 900), st.integers(450, 1900), st.integers(100, 900)), min_size=1
)
panels = st.none() | st.builds(
    SimpleNamespace,
    tower=st.integers(0, 6),
    bottom=st.integers(400, 900),
    top=st.integers(1000, 1800),
    own=st.just(True),
)


def apart(one, other):
    across = one.x + one.width <= other.x or other.x + other.width <= one.x
    return across or one.y + one.height <= other.y or other.y + other.height <= one.y


@given(doors, panels)
def test_nothing_overlaps_and_everything_is_inside(compartments, panel):
    front = stand(compartments, panel)
    boxes = [*front.doors, *([front.screen] if front.screen else [])]
    assert len(front.doors) == len(compartments)
    assert (front.screen is None) == (panel is None)
    for index, box in enumerate(boxes):
        assert 0 <= box.x <= box.x + box.width <= front.width
        assert 0 <= box.y <= box.y + box.height <= front.height
        assert all(apart(box, other) for other in boxes[index + 1 :])


@given(doors)
def test_sizes_and_heights_are_the_layouts_own(compartments):
    front = stand(compartments)
    for box, compartment in zip(front.doors, compartments, strict=True):
        assert (box.width, box.height) == (compartment.width, compartment.height)
    highest = max(compartments, key=lambda c: c.centre - c.height // 2 + c.height)
    assert front.doors[compartments.index(highest)].y == min(box.y for box in front.doors)


def test_towers_stand_from_left_to_right_around_the_panel():
    front = stand(SIMPLE, PANEL)
    assert front.doors[0].x == front.doors[1].x < front.screen.x < front.doors[2].x == front.doors[3].x
    assert front.doors[0].y < front.doors[1].y
    assert front.columns == 3


def test_a_panel_among_doors_hangs_in_their_tower():
    front = stand(
        [door(0, 300, 1900), door(0, 300, 600), door(1, 300, 900)],
        SimpleNamespace(tower=0, bottom=900, top=1500, own=False),
    )
    assert front.screen.x == front.doors[0].x
    assert front.columns == 2
    assert [side(front, index) for index in range(3)] == ["above", "below", "right"]


def test_where_a_door_is_where_there_is_no_panel():
    front = stand([door(tower, 300, 900) for tower in range(3)])
    assert [side(front, index) for index in range(3)] == ["far-left", "middle", "far-right"]


def test_heights_in_words_of_the_body():
    assert [level(mm) for mm in (300, 500, 900, 1300, 1600, 1900)] == [
        "floor",
        "knee",
        "waist",
        "chest",
        "eye",
        "above-head",
    ]


def test_the_sheet_places_every_door_and_is_named_by_what_it_says():
    front = stand(SIMPLE, PANEL)
    text = sheet.css(front)
    assert all(f".{sheet.name(front)} .at-{index}{{" in text for index in range(4))
    assert sheet.name(front) == sheet.name(stand(SIMPLE, PANEL)) != sheet.name(stand(SIMPLE))
    assert "style" not in text
