"""A browser and the preview of every screen. Without Chromium these tests are skipped, and say so."""

import socket
import sys
import threading
import time
from pathlib import Path

import pytest
import uvicorn

from tests.chromium import CHROMIUM, LAUNCH, WHY

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def address():
    """Where the preview listens."""
    if CHROMIUM is None:
        pytest.skip(WHY)
    import preview

    with socket.socket() as ear:
        ear.bind(("127.0.0.1", 0))
        config = uvicorn.Config(preview.app(), log_level="warning", timeout_graceful_shutdown=1, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [ear]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{ear.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser():
    """For one file only: as long as it is there, Playwright's event loop runs in this thread, and no other test could
    start its own."""
    if CHROMIUM is None:
        pytest.skip(WHY)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        chromium = tools.chromium.launch(**LAUNCH)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, address):
    """Opens a page: `visit(path, size, **context)`. Whatever a page says to the console fails the test: a style or a
    script that the policy refuses, a file that is not there."""
    said, contexts = [], []

    def opened(path, size=(1280, 800), **context):
        contexts.append(browser.new_context(viewport={"width": size[0], "height": size[1]}, **context))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(address + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []


@pytest.fixture
def tell(address):
    """Does what the controller or the server does when a door moves: `tell("kiosk/open-late", locator)`. Once more
    until it is seen: the page may only just be listening."""

    def told(what, seen):
        for _ in range(50):
            assert seen.page.context.request.get(f"{address}/push/{what}").ok
            seen.page.wait_for_timeout(200)
            if seen.is_visible():
                return
        raise AssertionError(f"{what} was never seen")

    return told
