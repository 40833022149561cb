from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from cranny.sim.mailbox import Mailbox, open_mailbox
from cranny.sim.phones import Phones, open_phones

from .house import House, free_port


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house(new_data_dir: Callable[[], Path]) -> AsyncIterator[House]:
    """`cranny up` on an empty directory, with one tenant. All journeys that don't kill it share it: each has a bank
    of its own. Webhooks may go to this machine."""
    house = House(new_data_dir(), free_port(), settings={"CRANNY_WEBHOOKS_ALLOW": "127.0.0.0/8"})
    await house.up()
    await house.found("Hallway")
    yield house
    await house.down()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def founded(new_data_dir: Callable[[], Path]) -> House:
    """A house to be killed: it has one tenant, and nothing of it runs."""
    house = House(new_data_dir(), free_port())
    await house.found("Doomed")
    return house


@pytest_asyncio.fixture(loop_scope="session")
async def doomed(founded: House) -> AsyncIterator[House]:
    """Who needs it up, brings it up; afterwards nothing of it runs again."""
    yield founded
    await founded.down()


@dataclass
class Post:
    """A house whose messages go to a mailbox and to phones."""

    house: House
    box: Mailbox
    phones: Phones


@pytest_asyncio.fixture(loop_scope="session")
async def post(new_data_dir: Callable[[], Path], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Post]:
    async with open_mailbox() as box, open_phones() as phones:
        monkeypatch.setenv("CRANNY_SMTP_URL", f"smtp://127.0.0.1:{box.port}?starttls=off")
        monkeypatch.setenv("CRANNY_MAIL_FROM", "Lockers <lockers@example.org>")
        monkeypatch.setenv("CRANNY_SMS_URL", phones.url)
        monkeypatch.setenv("CRANNY_SMS_TOKEN", phones.token)
        house = House(new_data_dir(), free_port())
        await house.up()
        await house.found("Post")
        yield Post(house, box, phones)
        await house.down()
