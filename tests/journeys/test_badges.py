"""A badge from the announcement to the door: through the server, the downlink and a real controller's kiosk."""

from .house import House, together
from .parcels import announce, bank_file, deposit
from .patience import eventually

pytestmark = together

UID = "04:A1:B2:C3:D4:E5:80"


async def test_a_badge_that_came_with_the_announcement_opens_the_door(house: House) -> None:
    bank, claim = await house.bank(bank_file({"M": 4}))
    recipient = {"email": "badge@example.org", "badge": UID}
    first = await announce(house, bank, recipient=recipient)
    second = await announce(house, bank)
    grant = (await second.shown())["grants"]["collect"]
    assert await house.post(f"/v1/grants/{grant}/badge", {"badge": "04A1 B2C3 D4E5 80"}) == {
        "grant": grant,
        "badge": True,
    }
    async with house.edge("badges", claim) as kiosk:
        doors = [await deposit(kiosk, parcel) for parcel in (second, first)]
        for parcel, door in ((first, doors[1]), (second, doors[0])):

            async def opened() -> str | None:
                answer = await kiosk.scan(UID)
                return answer["door"] if answer["code"] == "opened" else None

            assert await eventually(opened) == door, "the older delivery first, wherever it lies"
            await kiosk.act(door, "take", "shut")
            await parcel.becomes("collected")
        told = await house.events("opening.intended", subject=f"banks/{bank}/doors/{doors[0]}")
        assert [one["data"]["credential"] for one in told] == ["tracking", "badge"]
