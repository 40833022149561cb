"""People sign in with what their device checks: a real browser with a virtual authenticator (Chromium's, by others),
the real server, a real mailbox. Without the device's verification of the person nothing opens, and the server refuses
an answer without it, whatever a page asked for."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright, expect

from tests.chromium import LAUNCH, needs_chromium

from .conftest import Post
from .house import eventually, together

pytestmark = [
    *together("signing-in"),
    pytest.mark.slow,
    needs_chromium,
]
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
LINK = re.compile(r"http://[^/\s]+(/link#[0-9a-f]{40})")
# What a page of ours never does: let the device skip the verification, and send its answer all the same.
CHEAT = """async () => {
  const post = async (path, body) => fetch(path, {
    method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify(body)});
  const begun = await (await post("/sign-in/passkey/begin", {})).json();
  const options = {...begun.options, userVerification: "discouraged"};
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = (await navigator.credentials.get({publicKey})).toJSON();
  const answer = await post("/sign-in/passkey", {credential, state: begun.state});
  return {status: answer.status, said: await answer.json(), credential, state: begun.state};
}"""
AGAIN = """async ([credential, state]) => (await fetch("/sign-in/passkey", {
    method: "POST", headers: {"content-type": "application/json"},
    body: JSON.stringify({credential, state})})).status"""


class Person:
    """A browser with a device that can verify its person."""

    def __init__(self, page: Page, tools: Any, device: str) -> None:
        self.page = page
        self._tools = tools
        self._device = device

    async def is_themselves(self, *, verified: bool) -> None:
        await self._tools.send(
            "WebAuthn.setUserVerified", {"authenticatorId": self._device, "isUserVerified": verified}
        )


@pytest_asyncio.fixture(loop_scope="session")
async def person() -> AsyncIterator[Person]:
    async with async_playwright() as tools:
        chromium = await tools.chromium.launch(**LAUNCH)
        page = await chromium.new_page(viewport={"width": 1280, "height": 900})
        session = await page.context.new_cdp_session(page)
        await session.send("WebAuthn.enable")
        made = await session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        yield Person(page, session, made["authenticatorId"])
        await chromium.close()


async def test_from_the_first_link_to_a_passkey_and_never_without_verification(post: Post, person: Person) -> None:
    house, page = post.house, person.page
    here = house.url.replace("127.0.0.1", "localhost")  # passkeys belong to names, not to addresses

    await page.goto(here + "/welcome#" + house.admin.rpartition("#")[2])
    await page.get_by_label("Your name").fill("Ada Example")
    await page.get_by_label("E-mail address").fill("ada@example.org")
    await page.get_by_role("button", name="Become the admin").click()
    await expect(page).to_have_url(f"{here}/me")

    await page.get_by_label("What you call this device").fill("Test phone")
    await page.get_by_role("button", name="Add a passkey").click()
    await expect(page.locator(".lines b").get_by_text("Test phone")).to_be_visible()

    await page.get_by_role("button", name="Sign out here").click()
    await expect(page).to_have_url(f"{here}/sign-in")
    await person.is_themselves(verified=False)
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page.get_by_role("alert")).to_contain_text("did not confirm that it is you")
    cheated = await page.evaluate(CHEAT)
    assert (cheated["status"], cheated["said"]["code"]) == (400, "passkey-invalid")
    await page.goto(f"{here}/walls")
    assert "/sign-in" in page.url

    await person.is_themselves(verified=True)
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page).to_have_url(f"{here}/walls")

    # A fresh proof of the same device, and an answer is good once.
    await page.goto(f"{here}/prove?next=/people")
    await page.get_by_role("button", name="Show my passkey").click()
    await expect(page).to_have_url(f"{here}/people")
    good = await page.evaluate(CHEAT.replace('"discouraged"', '"required"'))
    assert good["status"] == 201 or good["status"] == 200, good["said"]
    assert await page.evaluate(AGAIN, [good["credential"], good["state"]]) == 400

    await by_mail(post, page, here)
    assert await house.check() == ""
    said = "".join(file.read_text() for file in house.data.glob("*.log"))
    assert not any(secret in said for secret in ("ada@", house.admin.rpartition("#")[2]))


async def by_mail(post: Post, page: Page, here: str) -> None:
    await page.goto(f"{here}/sign-in")
    await page.get_by_label("E-mail address").fill("ada@example.org")
    await page.get_by_role("button", name="Send me a link").click()
    await expect(page.locator("h1")).to_have_text("Look at your mail")

    async def arrived() -> Any:
        return next(iter(post.box.to("ada@example.org")), None)

    mail = await eventually(arrived)
    path = LINK.search(mail.message.get_body(("plain",)).get_content())
    assert path is not None
    await page.goto(here + path[1])
    await page.get_by_role("button", name="Open the wall").click()
    await expect(page).to_have_url(f"{here}/walls")
    # It works once, and in the tab that says so the next one works.
    await page.goto(here + path[1])
    await page.get_by_role("button", name="Open the wall").click()
    await expect(page.get_by_role("alert")).to_contain_text("used already")
    await page.goto(f"{here}/link#{'0' * 40}")
    await expect(page.get_by_role("button", name="Open the wall")).to_be_visible()
    said = "".join(file.read_text() for file in post.house.data.glob("*.log"))
    assert path[1].rpartition("#")[2] not in said
