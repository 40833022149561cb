"""Somebody goes through the whole product as real processes, and is erased: nothing of them is in what NATS and the
bank have on their disks, nor in any log, before or after; and everything still holds."""

import base64
from pathlib import Path

from .house import House, say, together
from .parcels import announce, bank_file, deposit

pytestmark = together()

NAME, EMAIL, PHONE = "Xanthippe Wobblewright", "xanthippe.wobblewright@canary.example", "+4915199443322"
WORDS = "because Wobblewright asked for it"


def files_with(folder: Path) -> list[str]:
    """The files under `folder` that hold something of them: plain, in hex, in base64, in two bytes a character.
    PostgreSQL keeps what was erased until it is vacuumed, so a dump is looked at instead: tests/privacy."""
    plain = [text.encode() for text in (NAME, EMAIL, PHONE[1:], "Wobblewright", "wobblewright", "Xanthippe")]
    wanted = [*plain, *(one.hex().encode() for one in plain), *(one.decode().encode("utf-16-le") for one in plain)]
    wanted += [base64.b64encode(b"\0" * n + one)[4:-4] for one in plain for n in range(3)]
    files = [path for path in folder.rglob("*") if path.is_file() and "/postgres/data/" not in str(path)]
    assert files
    return [str(path) for path in files if any(one in path.read_bytes() for one in wanted if len(one) > 6)]


async def test_the_bank_the_broker_and_the_logs_hold_nothing_of_somebody(house: House) -> None:
    bank, claim = await house.bank(bank_file({"M": 2}))
    async with house.edge("erased", claim) as kiosk:
        recipient = {"name": NAME, "email": EMAIL, "phone": PHONE, "badge": "WOBBLE-55"}
        parcel = await announce(house, bank, recipient=recipient, reference=WORDS)
        person = (await parcel.shown())["recipient"]
        door = await deposit(kiosk, parcel)
        await parcel.becomes("stored")
        await parcel.ready(kiosk)
        await house.post(f"/v1/grants/{(await parcel.shown())['grants']['collect']}/reveal", {"reason": WORDS})
        held = await house.client.post(
            f"/v1/people/{person}/erasure", json={"why": "asked"}, headers={"Idempotency-Key": "too-early"}
        )
        assert (held.status_code, held.json()["code"]) == (409, "person-needed")
        assert (await kiosk.code(parcel.code))["code"] == "opened"
        await kiosk.act(door, "take", "shut")
        await parcel.becomes("collected")

        exported = await house.post(f"/v1/people/{person}/export", {})
        assert exported["sections"]["person"]["data"]["email"] == EMAIL
        assert files_with(house.data) == []
        await house.post(f"/v1/people/{person}/erasure", {"why": "asked"})
        assert files_with(house.data) == []
        assert await house.check() == ""
        assert "none broken" in await say("audit", "verify", "Hallway", "--data", str(house.data), env=house.settings)
