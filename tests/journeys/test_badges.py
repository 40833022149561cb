"""A badge from the announcement to the door: through the server, the downlink and a real controller's kiosk."""

from cranny.edge.readers.serial import FarEnd

from .house import House, together
from .parcels import announce, bank_file, deposit
from .patience import eventually

pytestmark = together()

UID = "04:A1:B2:C3:D4:E5:80"


async def test_a_badge_that_came_with_the_announcement_opens_the_doors_of_its_holder(house: House) -> None:
    bank, claim = await house.bank(bank_file({"M": 4}))
    recipient = {"email": "badge@example.org", "badge": UID}
    first = await announce(house, bank, recipient=recipient)
    second = await announce(house, bank)
    grant = (await second.shown())["grants"]["collect"]
    shown = await house.post(f"/v1/grants/{grant}/badge", {"badge": "04A1 B2C3 D4E5 80"})
    assert shown == {"grant": grant, "badge": True}
    path = house.data / "reader"
    card = FarEnd(path)
    await card.plug()
    async with house.edge("badges", claim, "--reader", f"serial:{path},kind=badge") as kiosk:
        doors = [await deposit(kiosk, parcel) for parcel in (second, first)]

        async def by_card() -> bool:
            await card.hold(UID)
            return await kiosk.look(doors[1]) == "open"

        await eventually(by_card)
        await kiosk.act(doors[1], "take", "shut")
        await first.becomes("collected")
        assert (await kiosk.scan(UID))["door"] == doors[0], "typed by a reader that is a keyboard, it is the same badge"
        await kiosk.act(doors[0], "take", "shut")
        await second.becomes("collected")
        for door in doors:
            told = await house.events("opening.intended", subject=f"banks/{bank}/doors/{door}")
            assert [one["data"]["credential"] for one in told] == ["tracking", "badge"]
    await card.unplug()
