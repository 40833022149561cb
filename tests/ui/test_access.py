"""Everyone can use every screen: axe-core finds nothing, nothing is cut off, fingers find every key.

Every run looks at the screens that most people see, in the light; `make prove` looks at every screen, in the dark, on a
phone and in every language, and for words that are cut off.
"""

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
SEEN_MOST = ("home", "home-wait", "open-two", "open-too-small", "done", "help", "counting-ask")
WALLS = (
    "/walls/station-60?door=E05",
    "/walls",
    "/walls?none=1",
    "/walls/station-60?door=A10",
    "/walls/odd?offline=1&lang=de",
    "/docs",
    "/sorry/404?lang=pl",
    "/sign-in/key",
    "/sign-in/used?lang=de",
    "/sign-in/prove?lang=de",
    "/sign-in/me?lang=de",
    "/sign-in/people?lang=pl",
    "/sign-in/imports?lang=de",
    "/sign-in/imports-wrong?lang=pl",
    "/sign-in/organisations?lang=de",
    "/sign-in/groups?lang=pl",
    "/sign-in/privacy?lang=de",
    "/sign-in/personal?lang=de",
    "/sign-in/settle?lang=de",
    "/sign-in/choose?lang=de",
)
MORE = (
    "/walls/campus-128",
    "/sign-in/wrong?lang=de",
    "/sign-in/link",
    "/sign-in/mistyped?lang=pl",
    "/sign-in/welcome",
    "/sign-in/app",
    "/sign-in/prove-key?lang=de",
    "/sorry/429?lang=pl",
    "/sign-in/chosen?lang=pl",
    "/sign-in/choose-wrong",
    "/sign-in/settle-alarm?lang=pl",
)
"""Built as one of those, with more or other words."""
SEEN_DAILY = (
    "/walls/station-60?door=E05",
    "/walls",
    "/docs",
    "/sign-in/key",
    "/sign-in/me?lang=de",
    "/sign-in/choose?lang=de",
)


STILL = """() => { for (const move of document.getAnimations())
  move.effect.getComputedTiming().endTime < Infinity ? move.finish() : move.cancel(); }"""
"""A door that is still swinging has no colours to judge."""


RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALL = {"runOnly": RULES}
SHAPE = {"runOnly": RULES, "rules": {"color-contrast": {"enabled": False}}}
"""A page in another width or with other words has the colours that it had."""
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
"""A page in the dark differs by these alone."""


def faults(page, options=ALL):
    page.evaluate(STILL)
    found = AXE.run(page, options=options | {"resultTypes": ["violations"]}).response["violations"]
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
    ("query", "screens", "options"),
    [
        ("lang=en", SEEN_MOST, ALL),
        pytest.param("lang=en", SHAPES, ALL, marks=pytest.mark.prove),
        pytest.param("lang=en&dark=1", SHAPES, COLOURS, marks=pytest.mark.prove),
        pytest.param("lang=de&easier=1", SHAPES, SHAPE, marks=pytest.mark.prove),
        pytest.param("lang=pl", SCREENS, ALL, marks=pytest.mark.prove),
        pytest.param("lang=pl&dark=1&easier=1", SCREENS, ALL, marks=pytest.mark.prove),
    ],
    ids=["most", "light", "dark", "easier", "every light", "every dark and easier"],
)
def test_axe_finds_nothing_at_the_kiosk(visit, query, screens, options):
    for screen, page in open_each(visit, query, screens):
        assert faults(page, options) == [], screen


@pytest.mark.slow
@pytest.mark.parametrize("paths", [SEEN_DAILY, pytest.param(WALLS, marks=pytest.mark.prove)], ids=["daily", "all"])
def test_axe_finds_nothing_on_the_pages_of_the_operator(visit, paths):
    for path in paths:
        page = visit(path, (1440, 1000))
        assert faults(page) == [], path
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


@pytest.mark.prove
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 1000), (390, 844)], ids=["desk", "phone"])
def test_axe_finds_nothing_on_any_page_in_the_dark_and_on_a_phone(visit, scheme, size):
    for path in WALLS + MORE:
        assert faults(visit(path, size, color_scheme=scheme)) == [], path


ASKED = (
    "ask?action=open&door=A10",
    "ask?action=open_all&lang=de",
    *(f"commands/{state}?answer=changed&lang=pl" for state in ("executed", "refused", "awaiting_confirmation")),
)


@pytest.mark.prove
def test_axe_finds_nothing_in_what_is_asked_from_afar(visit):
    for path in ASKED:
        page = visit(f"/walls/station-60/{path}", (390, 844))
        assert faults(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.emulate_media(color_scheme="dark")
        assert faults(page, COLOURS) == [], path
    page = visit("/walls/station-60?door=A10", (1440, 1000))
    page.locator("#details .acts .btn").first.click()
    page.get_by_role("dialog").wait_for()
    assert faults(page) == []
    page.emulate_media(color_scheme="dark")
    assert faults(page, COLOURS) == []


CUT = """() => [...document.querySelectorAll('main :is(h1, h2, p, li, b), .big, .pill, .key, .hint')]
  .filter(element => element.checkVisibility() && !element.closest('.sr, dialog, .leaf'))
  .filter(element => { const box = element.getBoundingClientRect();
    return box.left < -1 || box.right > innerWidth + 1 || box.top < -1 || box.bottom > innerHeight + 1
      || element.scrollWidth > element.clientWidth + 2 && getComputedStyle(element).display !== 'inline'; })
  .map(element => element.className + ': ' + element.textContent.trim().slice(0, 60))"""


SIZES = ((1280, 800), (1080, 1920), (800, 1280))


@pytest.mark.prove
@pytest.mark.parametrize("language", ["en", "de", "pl"])
def test_no_word_is_cut_off_on_any_panel(visit, language):
    for screen, page in open_each(visit, f"lang={language}&offline=1"):
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate(CUT) == [], (screen, width)


@pytest.mark.prove
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
