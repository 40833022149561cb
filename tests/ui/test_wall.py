"""The live wall as an operator uses it."""

import pytest
from playwright.sync_api import expect

SHOWN = """[...document.querySelectorAll('.door')]
  .filter(door => getComputedStyle(door).opacity > .5).map(door => door.dataset.state)"""


def test_a_door_tells_what_is_inside_and_what_happened(visit):
    page = visit("/walls/station-60", (1440, 1000))
    expect(page.locator("#details")).to_contain_text("Choose a door")
    page.locator("#door-9").click()
    expect(page.locator("#details h2")).to_have_text("Door A10")
    expect(page.locator("#details .trail")).to_contain_text("while offline")
    expect(page.locator("#details .trail")).to_contain_text("not seen by a sensor")
    assert page.locator("#door-9").get_attribute("aria-current") == "true"
    assert page.url.endswith("?door=A10")


def test_arrow_keys_walk_the_front_as_it_stands(visit):
    page = visit("/walls/station-60", (1440, 1000))
    page.locator("#door-0").focus()
    for key, label in [("ArrowDown", "A02"), ("ArrowRight", "B02"), ("ArrowUp", "B01"), ("ArrowLeft", "A01")]:
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.dataset.label") == label
    assert page.locator('.door[tabindex="0"]').count() == 1


def test_it_is_live_when_it_says_so(visit, tell):
    page = visit("/walls/station-60?door=A10", (1440, 1000))
    expect(page.locator("#live")).to_have_text("Live")
    tell("walls/station-60/9/alarm", page.locator('#door-9[data-state="alarm"]'))
    expect(page.locator("#legend")).to_contain_text("Alarm2")
    assert page.locator("#door-9").get_attribute("aria-current") == "true"


def test_the_front_is_true_to_the_millimetre(visit):
    page = visit("/walls/station-60", (1440, 1000))
    box = {n: page.locator(f"#door-{n}").bounding_box() for n in (0, 4, 9)}  # 190, 80 and 410 mm high
    scale = box[9]["height"] / 410
    assert abs(box[0]["height"] / scale - 190) < 5
    assert abs(box[4]["height"] / scale - 80) < 5
    assert abs(box[9]["width"] / scale - 380) < 10


@pytest.mark.prove
def test_any_layout_has_doors_large_enough_to_hit_on_a_phone(visit):
    for name in ("corner-20", "station-60", "campus-128", "odd"):
        page = visit(f"/walls/{name}", (390, 844))
        boxes = page.locator(".door").evaluate_all("doors => doors.map(door => door.getBoundingClientRect().toJSON())")
        assert boxes, name
        for box in boxes:
            assert min(box["width"], box["height"]) >= 23.9, (name, box)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_one_state_can_be_looked_at_alone(visit):
    page = visit("/walls/station-60", (1440, 1000))
    page.locator("#legend").get_by_text("Overdue").click()
    page.wait_for_timeout(400)
    shown = page.evaluate(SHOWN)
    assert set(shown) == {"overdue"}


def test_it_can_be_read_without_script(visit):
    page = visit("/walls/station-60", (1440, 1000), java_script_enabled=False)
    page.locator("#door-9").click()
    expect(page.locator("#details h2")).to_have_text("Door A10")


def test_a_door_is_opened_with_a_reason_by_keyboard_alone(visit):
    page = visit("/walls/station-60?door=A10", (1440, 1000))
    page.get_by_role("link", name="Open…", exact=True).focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Open door A10")
    expect(dialog).to_contain_text("PT-4821")
    expect(dialog).to_contain_text("Opening collects nothing")
    expect(page.get_by_label("Why?")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Say why, in a few words.")
    page.get_by_label("Why?").fill("the latch was frozen")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("Asking the bank…")
    expect(page.get_by_role("dialog", name="Door A10 is open")).to_be_visible()
    expect(page.get_by_role("link", name="Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#ask")).to_be_hidden()
    expect(page.get_by_role("link", name="Open…", exact=True)).to_be_focused()


def test_what_waits_for_a_second_person_is_confirmed_by_somebody_else(visit):
    page = visit("/walls/station-60", (1440, 1000))
    theirs, mine = page.locator("#pending article").all()
    expect(theirs).to_contain_text("Open door C01")
    expect(mine).to_contain_text("Somebody else has to confirm it.")
    assert mine.get_by_role("button", name="Confirm").count() == 0
    theirs.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("dialog", name="Door C01 is open")).to_be_visible()


def test_every_door_is_no_single_click_away(visit):
    page = visit("/walls/station-60", (1440, 1000))
    page.get_by_label("More for the whole bank").click()
    page.get_by_role("link", name="Open every door…").click()
    dialog = page.get_by_role("dialog", name="Open every door")
    expect(dialog).to_contain_text("a second person has to confirm it")
    dialog.get_by_role("link", name="Cancel").click()
    expect(dialog).to_be_hidden()


def test_a_door_is_asked_for_without_script(visit):
    page = visit("/walls/station-60?door=A10", (390, 844), java_script_enabled=False)
    page.get_by_role("link", name="Open…", exact=True).click()
    page.get_by_label("Why?").fill("the latch was frozen")
    page.get_by_role("button", name="Open now").click()
    expect(page.get_by_role("heading", name="Door A10 is open")).to_be_visible()


def test_a_chilled_door_shows_its_day_and_the_alarm_is_read_first(visit):
    page = visit("/walls/station-60?door=E05")
    alarm = page.locator(".note.alarm")
    assert "Too warm" in alarm.inner_text()
    assert "E01\u2013E07" in alarm.inner_text()
    page.wait_for_selector(".chart canvas")
    chart = page.locator(".chart")
    assert chart.get_attribute("aria-label") == "The line of the last 24 hours, from 3.4 °C to 10.8 °C"
    assert chart.bounding_box()["width"] > 200
    assert "11.4°" in page.locator("#door-" + str(index_of(page, "E05"))).inner_text()
    page.click("[data-theme-switch]")
    page.wait_for_selector(".chart canvas")
    page.click(f"#door-{index_of(page, 'A01')}")
    page.wait_for_selector(".chart", state="detached")
    page.click(f"#door-{index_of(page, 'E06')}")
    page.wait_for_selector(".chart canvas")


def index_of(page, label):
    return page.locator(f'.door[data-label="{label}"]').get_attribute("id").removeprefix("door-")
