"""Everyone can use every screen: axe-core finds nothing, nothing is cut off, fingers find every key."""

import pytest
import samples
from axe_playwright_python.sync_playwright import Axe

AXE = Axe()
SCREENS = tuple(samples.screens())
SHAPES = (
    *(
        "home",
        "home-wrong-code",
        "home-wait",
        "opening-again",
        "open-two",
        "open-late",
        "open-too-small",
        "open-problem",
    ),
    *("done", "done-stored", "done-left", "trouble", "help", "closed"),
    *("counting", "counting-open", "counting-said", "counting-ask", "counting-over"),
)
"""One screen of each build: the others differ from these in words only."""
WALLS = (
    "/walls/station-60?door=E05",
    "/walls",
    "/walls?none=1",
    "/walls/station-60?door=A10",
    "/walls/campus-128",
    "/walls/odd?offline=1&lang=de",
)


STILL = """() => { for (const move of document.getAnimations())
  move.effect.getComputedTiming().endTime < Infinity ? move.finish() : move.cancel(); }"""
"""A door that is still swinging has no colours to judge."""


def faults(page):
    page.evaluate(STILL)
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = AXE.run(page, options=options).response["violations"]
    return [(v["id"], v["help"], [node["html"][:160] for node in v["nodes"]]) for v in found]


def open_each(visit, query, screens=SCREENS):
    """Screens, one after another in one window; yields (name, page)."""
    page = visit("/kiosk")
    home = page.url
    for screen in screens:
        page.goto(f"{home}?screen={screen}&{query}")
        yield screen, page


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "screens"),
    [("lang=en", SCREENS), ("lang=en&dark=1", SHAPES), ("lang=de&easier=1", SHAPES)],
    ids=["light", "dark", "easier"],
)
def test_axe_finds_nothing_at_the_kiosk(visit, query, screens):
    for screen, page in open_each(visit, query, screens):
        assert faults(page) == [], screen


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_of_the_operator(visit, scheme):
    for path in WALLS:
        page = visit(path, (1440, 1000), color_scheme=scheme)
        assert faults(page) == [], path
        page.set_viewport_size({"width": 390, "height": 844})
        assert faults(page) == [], path


ASKED = (
    "ask?action=open&door=A10",
    "ask?action=open_all&lang=de",
    *(f"commands/{state}?answer=changed&lang=pl" for state in ("executed", "refused", "awaiting_confirmation")),
)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_what_is_asked_from_afar(visit, scheme):
    for path in ASKED:
        page = visit(f"/walls/station-60/{path}", (390, 844), color_scheme=scheme)
        assert faults(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page = visit("/walls/station-60?door=A10", (1440, 1000), color_scheme=scheme)
    page.locator("#details .acts .btn").first.click()
    page.get_by_role("dialog").wait_for()
    assert faults(page) == []


CUT = """() => [...document.querySelectorAll('main :is(h1, h2, p, li, b), .big, .pill, .key, .hint')]
  .filter(element => element.checkVisibility() && !element.closest('.sr, dialog, .leaf'))
  .filter(element => { const box = element.getBoundingClientRect();
    return box.left < -1 || box.right > innerWidth + 1 || box.top < -1 || box.bottom > innerHeight + 1
      || element.scrollWidth > element.clientWidth + 2 && getComputedStyle(element).display !== 'inline'; })
  .map(element => element.className + ': ' + element.textContent.trim().slice(0, 60))"""


SIZES = ((1280, 800), (1080, 1920), (800, 1280))


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "de", "pl"])
def test_no_word_is_cut_off_on_any_panel(visit, language):
    for screen, page in open_each(visit, f"lang={language}&offline=1"):
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate(CUT) == [], (screen, width)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "de", "pl"])
def test_no_word_is_cut_off_in_the_easier_mode(visit, language):
    for screen, page in open_each(visit, f"lang={language}&easier=1"):
        if screen != "help":  # the one that scrolls: four answers at this size are more than a screen
            assert page.evaluate(CUT) == [], screen


@pytest.mark.parametrize("size", SIZES[:2], ids=["10 inches", "upright"])
def test_keys_are_as_large_as_a_fingertip(visit, size):
    page = visit("/kiosk", size)
    for key in page.locator(".key, footer .big").all():
        box = key.bounding_box()
        assert min(box["width"], box["height"]) >= 86, key  # 15 mm on a 10.1-inch panel of 1280 x 800
