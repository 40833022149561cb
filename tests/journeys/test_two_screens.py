"""Two screens, so that a person sees it work: the wall at the server, the kiosk at the bank. In a real browser, on real
engines, and once with the server gone."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from tests.chromium import LAUNCH, needs_chromium

from .house import House, eventually, free_port, say, together
from .parcels import announce

pytestmark = [
    *together("screens"),
    pytest.mark.slow,
    needs_chromium,
]
LONG = {"timeout": 60_000}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as tools:
        chromium = await tools.chromium.launch(**LAUNCH)
        yield chromium
        await chromium.close()


async def page(browser: Browser, address: str, said: list[str]) -> Page:
    """A page; what it complains of is kept, but for a server that is gone."""
    opened = await browser.new_page(viewport={"width": 1280, "height": 900})

    def hear(message: Any) -> None:
        gone = "ERR_" in message.text or "htmx:sse:error" in message.text
        if message.type in ("error", "warning") and not gone:
            said.append(message.text)

    opened.on("console", hear)
    opened.on("pageerror", lambda error: said.append(str(error)))
    await opened.goto(address)
    return opened


async def sign_in(wall: Page, house: House, bank: str) -> None:
    await wall.get_by_text("Sign in with an API key").click()
    await wall.get_by_label("API key").fill(house.key)
    await wall.get_by_role("button", name="Sign in", exact=True).click()
    await expect(wall).to_have_url(f"{house.url}/walls/{bank}")
    await expect(wall.locator("#live")).to_have_text("Live")


@dataclass
class Two:
    """Both screens, before the same bank."""

    wall: Page
    kiosk: Page
    said: list[str]

    def door(self, label: str) -> Locator:
        return self.wall.locator(f'.door[data-label="{label}"]')

    async def title(self, text: str) -> None:
        await expect(self.kiosk.locator("h1")).to_have_text(text)

    async def opened(self, tracking: str) -> str:
        """Scan once; the label of the door that stands open."""
        await self.kiosk.keyboard.type(tracking)
        await self.kiosk.keyboard.press("Enter")
        await expect(self.kiosk.locator("h1")).to_contain_text("is open")
        return await self.kiosk.locator("h1 b").inner_text()

    async def press(self, digits: str) -> None:
        for digit in digits:
            await self.kiosk.locator(f'[data-key="{digit}"]').click()


async def two_screens(house: House, browser: Browser, bank: str, kiosk: str) -> Two:
    said: list[str] = []
    wall = await page(browser, f"{house.url}/walls/{bank}", said)
    await sign_in(wall, house, bank)
    return Two(wall, await page(browser, kiosk, said), said)


async def test_a_parcel_is_seen_on_both_screens_and_collected_with_the_server_gone(
    doomed: House, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRANNY_NATS_PORT", str(free_port()))  # the bank finds the broker again after a restart
    await doomed.up()
    bank = (await say("bank", "add", "station-60", env=doomed.env)).split()[-1]
    claim = (await say("bank", "claim", bank, env=doomed.env)).strip()
    async with doomed.edge("screens", claim) as box:
        two = await two_screens(doomed, browser, bank, str(box.client.base_url))
        delivery = await announce(doomed, bank, "JD0146000089")

        async def known() -> bool:
            status = await doomed.get(f"/v1/banks/{bank}/status")
            return bool(status["given"] >= 3 and status["given"] == status["applied"])

        await eventually(known)  # layout, policy, delivery

        # The courier scans, and touches nothing. Everybody who looks sees the door.
        label = await two.opened("JD0146000089")
        await expect(two.door(label)).to_have_attribute("data-state", "open")
        await expect(two.kiosk.locator(".sketch text")).to_have_text(label)
        await box.act(label, "put", "shut")
        await two.title(f"Stored in door {label}")
        await expect(two.door(label)).to_have_attribute("data-state", "held")
        await two.door(label).click()
        await expect(two.wall.locator("#details")).to_contain_text("Stored")
        await two.kiosk.get_by_role("button", name="Finish").click()

        # Wrong digits say so; then the server is gone, and the right ones open all the same.
        await delivery.reveal()
        await two.press(delivery.code[:-1] + str((int(delivery.code[-1]) + 1) % 10))
        await expect(two.kiosk.get_by_role("alert")).to_contain_text("match")
        await doomed.processes.pop("up").end()
        await expect(two.wall.locator("#live")).to_have_text("Reconnecting…", **LONG)
        await two.press(delivery.code)
        await two.title(f"Door {label} is open")
        assert delivery.code not in await two.kiosk.content()
        await box.act(label, "take", "shut")
        await two.title("Thank you")

        # It comes back: the wall is live by itself, and tells what happened meanwhile.
        await doomed.up()
        await expect(two.wall.locator("#live")).to_have_text("Live", **LONG)
        await expect(two.door(label)).to_have_attribute("data-state", "free", **LONG)
        await two.door(label).click()
        await expect(two.wall.locator("#details .trail")).to_contain_text("while offline")
        assert two.said == []
