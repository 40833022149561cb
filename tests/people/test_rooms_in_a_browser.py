"""The rooms about people in a real browser: a list by a file, organisations, groups, and one person's data."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from cranny import fleet, people, sites
from tests.chromium import LAUNCH, needs_chromium
from tests.people.house import BANK, House
from tests.people.test_lists import STAFF
from tests.people.test_scim import served

pytestmark = [
    pytest.mark.slow,
    needs_chromium,
]


@pytest.fixture
async def page(house: House) -> AsyncIterator[Page]:
    """The first admin's, signed in. What the page says to the console fails the test."""
    async with house.parts.db.transaction(house.tenant) as tx:
        token = await people.make_link(tx, people.FOUNDING, tx.tenant)
    said: list[str] = []
    async with served(house) as url, async_playwright() as tools:
        chromium = await tools.chromium.launch(**LAUNCH)
        page = await chromium.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        await page.goto(url.replace("/scim/v2", f"/welcome#{token}"))
        await page.get_by_label("Your name").fill("Ada Example")
        await page.get_by_label("E-mail address").fill("ada@example.org")
        await page.get_by_role("button", name="Become the admin").click()
        await page.get_by_role("link", name="Who works here").click()
        yield page
        await chromium.close()
    assert said == []


async def test_people_come_in_by_a_file_that_is_looked_at_first(page: Page, tmp_path: Path) -> None:
    await page.get_by_role("link", name="Lists").click()
    file = tmp_path / "staff.csv"
    for text, said in (
        (STAFF.replace("borg@", "borg"), "1 mistake: nothing will be done"),
        (STAFF, "What would be done"),
    ):
        file.write_text(text)
        await page.get_by_label("File", exact=True).set_input_files(file)
        await page.get_by_role("button", name="Look at it").click()
        await expect(page.locator("#came")).to_have_text(said)
    await page.get_by_role("button", name="Do it").click()
    await expect(page.get_by_role("status")).to_contain_text("It is done.")
    await page.get_by_role("link", name="Who works here").click()
    await expect(page.get_by_text("borg@example.org")).to_be_visible()


async def test_organisations_groups_and_one_persons_data(page: Page) -> None:
    await page.get_by_role("link", name="Organisations").click()
    oidc = page.get_by_role("region", name="Add an organisation by OpenID Connect")
    for label, value in (
        ("Name, as people know it", "Example University"),
        ("Issuer", "http://login.example.org"),
        ("Client", "cranny"),
        ("Domains of its people", "example.org"),
    ):
        await oidc.get_by_label(label).fill(value)
    await oidc.get_by_role("button", name="Add it").click()
    await expect(page.get_by_role("alert")).to_contain_text("has to be an https address")
    await expect(page.get_by_label("Client")).to_have_value("cranny")

    await page.get_by_role("link", name="Groups").click()
    await expect(page.get_by_text("No group yet")).to_be_visible()

    await page.get_by_role("link", name="Privacy").click()
    await page.get_by_label("People without a role").fill("14")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_contain_text("Saved")
    await expect(page.get_by_label("People without a role")).to_have_value("14")
    await page.get_by_label("E-mail address or phone number").fill("ada@example.org")
    await page.get_by_role("button", name="Find").click()
    async with page.expect_download() as coming:
        await page.get_by_role("button", name="Download it").click()
    download = await coming.value
    assert "ada@example.org" in (await download.path()).read_text()
    assert download.suggested_filename.startswith("person-")


async def test_what_does_not_fit_is_settled_in_the_walls_dialog(page: Page, house: House) -> None:
    async with house.parts.db.transaction(house.tenant) as tx:
        await sites.default_size_classes(tx)
        bank = await sites.add_bank(tx, sites.read_yaml(BANK.format(name="Near")))
        await fleet.raise_anomaly(tx, bank.id, "unknown_grant", f"banks/{bank.id}/doors/A1", {})
    await page.goto(page.url.replace("/people", f"/walls/{bank.id}"))
    await page.get_by_role("link", name="Settle").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("The bank speaks of something unknown")
    await expect(dialog.get_by_label("What was found and done?")).to_be_focused()
    await dialog.get_by_label("What was found and done?").fill("It was empty.")
    await dialog.get_by_role("button", name="Settled").click()
    await expect(page.get_by_text("The bank speaks of something unknown")).to_have_count(0)
    await expect(page.locator("#wall")).to_be_visible()
