"""Takes docs/pictures anew from a real run: `python scripts/pictures.py` starts the demo, waits for the end of its
days, has a courier bring one more parcel, and looks at the wall and the kiosk in Chromium. About four minutes."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from cranny.core.clock import SystemClock
from cranny.core.ids import TimeIds
from cranny.core.rng import SystemRng

IDS = TimeIds(SystemClock(), SystemRng())
PICTURES = Path(__file__).resolve().parent.parent / "docs/pictures"
BANK = "Station 60"
SIDES = {"width": 330, "height": 330, "depth": 420}
"""A parcel for a large door, which swings visibly."""
WALL, KIOSK = {"width": 1440, "height": 1000}, {"width": 1280, "height": 800}
PATIENCE_S = 60


@dataclass(frozen=True)
class Demo:
    """What it printed: addresses, and a key."""

    link: str
    key: str
    kiosks: tuple[str, ...]

    @property
    def url(self) -> str:
        return self.link.partition("/sign-in")[0]

    def ask(self, address: str, body: object = None) -> Any:
        """The answer of the API, or of a kiosk."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": IDS.new().hex}
        if address.startswith(self.url):
            headers["Authorization"] = f"Bearer {self.key}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, data, headers)  # noqa: S310 - our own demo, on this machine
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
            return json.load(answer)


@contextmanager
def demo() -> Iterator[Demo]:
    """The demo when its days are over and it stays up."""
    with tempfile.TemporaryDirectory(prefix="cranny-pictures-", ignore_cleanup_errors=True) as place:
        Path(place).chmod(0o755)  # PostgreSQL runs as an account of its own under root
        words = [sys.executable, "-m", "cranny", "demo", "--plain", "--data", f"{place}/city"]
        child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own program
        try:
            yield _heard(child)
        finally:
            child.terminate()
            child.wait()


def _heard(child: "subprocess.Popen[str]") -> Demo:
    said = ""
    for line in child.stdout or ():
        sys.stdout.write(line)
        said += line
        if line.startswith("It stays up"):
            link = re.findall(r"http://\S+/link#\w+", said)[-1]
            kiosks = re.findall(r"http://127\.0\.0\.1:\d+(?=\s)", said[said.index("a parcel waits") :])
            return Demo(link, re.findall(r"crn_[\w-]+", said)[0], tuple(dict.fromkeys(kiosks)))
    raise SystemExit("The demo ended before it was ready: see above.")


def place(demo: Demo) -> tuple[str, str]:
    """The kiosk of the bank, and the bank's id."""
    kiosk = next(url for url in demo.kiosks if demo.ask(f"{url}/kiosk/state")["name"] == BANK)
    banks = demo.ask(f"{demo.url}/v1/banks?limit=100")["items"]
    return kiosk, next(bank["id"] for bank in banks if bank["name"] == BANK)


def bring(demo: Demo, kiosk: str, bank: str) -> str:
    """A courier's parcel. Returns the door that stands open for it."""
    tracking = "JD0146000312"
    parcel = {"items": [{"tracking": tracking, **SIDES}], "recipient": {"name": "You", "email": "you@city.example"}}
    demo.ask(f"{demo.url}/v1/deliveries", {"bank": bank, "sender": "Cranny", **parcel})
    for _ in range(PATIENCE_S):
        known = demo.ask(f"{demo.url}/v1/banks/{bank}/status")
        if known["given"] == known["applied"]:  # sooner, and it would be taken in as a stranger, behind any door
            break
        time.sleep(1)
    return str(demo.ask(f"{kiosk}/kiosk/scan", {"text": tracking})["door"])


def shoot(page: Page, name: str) -> None:
    """When nothing moves any more."""
    page.wait_for_timeout(1500)
    page.screenshot(path=PICTURES / f"{name}.png")


def look(browser: Browser, demo: Demo) -> None:
    address, bank = place(demo)
    kiosk = browser.new_page(viewport=KIOSK)
    kiosk.goto(f"{address}/screen?lang=en")
    expect(kiosk.locator("h1")).to_have_text("Collect your parcel", timeout=120_000)  # who was there last is thanked
    shoot(kiosk, "kiosk")

    wall = browser.new_page(viewport=WALL, locale="en-GB")
    wall.goto(demo.link)
    wall.get_by_role("button", name="Open the wall").click()
    wall.wait_for_url("**/walls")
    wall.goto(f"{demo.url}/walls/{bank}")
    expect(wall.locator("#live")).to_have_text("Live")
    wall.locator('.door[data-state="held"]').first.click()
    door = bring(demo, address, bank)
    expect(wall.locator(f'.door[data-label="{door}"]')).to_have_attribute("data-state", "open")
    wall.mouse.move(0, 0)
    shoot(wall, "wall")
    shoot(kiosk, "kiosk-open")


def main() -> None:
    with demo() as running, sync_playwright() as tools:
        chromium = tools.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        look(chromium, running)
        chromium.close()


if __name__ == "__main__":
    main()
