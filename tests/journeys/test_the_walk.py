"""The walk, as docs/the-walk.md tells it: a parcel is announced, deposited and collected, on real engines, through a
real controller process, and a subscriber hears of every step."""

import json

from .house import House, say, together
from .kiosk import listening
from .parcels import announce, opens

pytestmark = together()


async def test_from_announcement_to_the_event_at_a_subscriber(house: House) -> None:
    bank = (await say("bank", "add", "corner-20", env=house.env)).split()[-1]
    claim = (await say("bank", "claim", bank, env=house.env)).strip()
    async with (
        listening(house.client, "/v1/events/stream", after="0") as told,
        house.edge("walk", claim) as kiosk,
    ):
        delivery = await announce(house, bank, "JD0146000089")
        await told.hears(type="delivery.announced", subject=delivery.subject)

        # The courier: the tracking number opens a door that fits; shut means stored.
        door = (await opens(kiosk, "JD 0146-000089"))["door"]
        await kiosk.act(door, "put", "shut")
        stored = await told.hears(type="delivery.stored", subject=delivery.subject)
        assert stored["data"]["door"] == door
        grant = f"grants/{(await delivery.shown())['grants']['collect']}"
        await told.hears(type="grant.activated", subject=grant)

        # The recipient: nine digits, once.
        await delivery.ready(kiosk)
        opened = await kiosk.code(delivery.code)
        assert (opened["code"], opened["door"]) == ("opened", door)
        await kiosk.act(door, "take", "shut")
        collected = await told.hears(type="delivery.collected", subject=delivery.subject)
        assert collected["data"]["evidence"] == "sensed"
        await told.hears(type="grant.used", subject=grant)
        assert await delivery.state() == "collected"

        # Nothing in the log holds a code, and every invariant holds.
        assert delivery.code not in json.dumps(told.heard).replace(" ", "")
        assert await house.check() == ""
