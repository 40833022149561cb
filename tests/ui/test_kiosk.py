"""The kiosk as hands, keypads and scanners use it."""

import time

import pytest
from playwright.sync_api import expect

GOOD, BAD = "407194365", "407194366"


def cells(page):
    return "".join(page.locator(".cells i").all_text_contents())


def test_nine_keys_open_the_door_by_themselves(visit):
    page = visit("/kiosk")
    for digit in GOOD:
        page.locator(f'[data-key="{digit}"]').click()
    expect(page.locator("h1")).to_have_text("Door B04 is open")
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator(".sketch text")).to_have_text("B04")
    assert GOOD not in page.content()


def test_a_wrong_code_says_so_and_the_next_try_starts_at_once(visit):
    page = visit("/kiosk?lang=pl")
    page.keyboard.type(BAD)
    expect(page.get_by_role("alert")).to_contain_text("Ten kod się nie zgadza")
    expect(page.locator("#code")).to_be_focused()
    assert not cells(page)
    assert page.locator("#code").get_attribute("aria-invalid") == "true"
    page.keyboard.type(GOOD)
    expect(page.locator("h1")).to_have_text("Skrytka B04 jest otwarta")


def test_delete_clear_and_the_keyboard(visit):
    page = visit("/kiosk")
    page.keyboard.type("4071")
    page.keyboard.press("Backspace")
    assert cells(page) == "407"
    page.locator('[data-key="9"]').focus()
    page.keyboard.press("Enter")
    assert cells(page) == "4079"
    page.locator('[data-key="clear"]').click()
    assert not cells(page)


@pytest.mark.parametrize("pause", [0, 90])
def test_a_scan_is_told_from_typing_by_what_it_is_not_by_its_speed(visit, pause):
    page = visit("/kiosk")
    page.keyboard.type("CQR1", delay=pause)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Door B04 is open")


@pytest.mark.parametrize("pause", [0, 90, 250])
def test_a_long_number_from_a_scanner_is_no_code(visit, pause):
    page = visit("/kiosk")
    tried = []
    page.on("request", lambda request: tried.append(request.url.split("?")[0].rsplit("/", 1)[1]))
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    for digit in "340434161094":
        page.keyboard.press(digit)
        page.clock.run_for(pause)
    page.keyboard.press("Enter")
    page.clock.resume()
    expect(page.locator("h1")).to_have_text("Door E03 is open")
    assert "code" not in tried


def test_the_next_label_is_scanned_without_a_touch_and_too_small_is_one(visit):
    page = visit("/kiosk?screen=done-stored")
    page.keyboard.type("JJD000123")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Too small").click()
    expect(page.locator("h1")).to_have_text("Door E03 opens")
    expect(page.locator(".lead")).to_contain_text("Here is another one")


def test_someone_may_type_while_the_last_screen_still_shows(visit):
    page = visit("/kiosk?screen=done")
    page.keyboard.type(GOOD, delay=30)
    expect(page.locator("h1")).to_have_text("Door B04 is open")


def test_what_the_controller_tells_comes_at_once_and_keeps_what_is_typed(visit, tell):
    page = visit("/kiosk")
    page.keyboard.type("407")
    tell("kiosk/home?offline=1", page.get_by_text("Works offline"))
    assert cells(page) == "407"
    tell("kiosk/open-late", page.get_by_text("Please push the door shut"))
    tell("kiosk/done", page.get_by_role("heading", name="Thank you"))


def test_it_listens_however_slowly_its_scripts_come(visit, tell):
    page = visit("/kiosk")

    def slowly(route):
        time.sleep(0.3)
        route.continue_()

    page.route("**/vendor/*.js", slowly)
    page.reload()
    tell("kiosk/open-late", page.get_by_text("Please push the door shut"))


def test_the_pause_counts_and_a_scan_does_not_wait_for_it(visit):
    page = visit("/kiosk?screen=home-wait")
    expect(page.locator("[data-count]")).to_have_text("14", timeout=4000)
    page.keyboard.type("407")
    assert not cells(page)
    page.keyboard.type("CQR1")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Door B04 is open")


def test_the_language_and_the_easier_mode_stay_through_a_visit(visit):
    page = visit("/kiosk")
    page.get_by_role("link", name="Deutsch").click()
    page.get_by_role("link", name="Einfacher bedienen").click()
    assert page.locator("html").get_attribute("lang") == "de"
    page.keyboard.type(GOOD)
    expect(page.locator("h1")).to_have_text("Fach B04 ist offen")
    capital = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.steps li')).fontSize)")
    assert capital >= 64  # a capital of 0.7 degrees at 600 mm on a 10.1-inch panel (EN 301 549, 5.1.4)


def test_help_and_back(visit):
    page = visit("/kiosk")
    page.get_by_role("button", name="No code? Get help").click()
    expect(page.locator("h1")).to_have_text("How can we help?")
    page.get_by_role("button", name="Back to start").click()
    expect(page.locator("#code")).to_be_focused()


def test_nobody_is_thrown_out_without_being_asked(visit):
    page = visit("/kiosk")
    page.clock.install()
    page.reload()
    page.keyboard.type("407")
    page.clock.run_for(61_000)
    expect(page.get_by_role("dialog")).to_contain_text("Are you still there?")
    page.get_by_role("button", name="I need more time").click()
    assert cells(page) == "407"
    page.clock.run_for(95_000)
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert not cells(page)
