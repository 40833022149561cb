"""What a recipient gets opens the door: a parcel is deposited, a mail arrives over SMTP, and the nine digits that it
says, or the picture that it holds, are all that is needed at the kiosk. Who has no mail gets an SMS."""

import re

from tests.unit.outreach.png import read_symbol

from .conftest import Post
from .house import eventually, say, together
from .kiosk import Kiosk
from .parcels import announce, deposit, opens

pytestmark = together()
CODE = re.compile(r"\b\d{3} \d{3} \d{3}\b")


async def types(kiosk: Kiosk, text: str) -> str:
    """The door that the code in `text` opens. Whoever is quicker than the bank's next pull tries once more."""
    code = CODE.search(text)
    assert code is not None

    async def opened() -> str | None:
        answer = await kiosk.code(code[0])
        return str(answer["door"]) if answer["code"] == "opened" else None

    return str(await eventually(opened, every=1.0))


async def test_the_message_opens_the_door(post: Post) -> None:
    house = post.house
    bank = (await say("bank", "add", "corner-20", env=house.env)).split()[-1]
    claim = (await say("bank", "claim", bank, env=house.env)).strip()
    post.box.recipient = lambda address: "550 5.1.1 no" if address.startswith("eve") else "250 OK"
    async with house.edge("post", claim) as kiosk:
        ada = {"email": "ada@example.org", "language": "de"}
        eve = {"email": "eve@example.org", "phone": "+48601234567", "language": "pl"}
        doors = {}
        for name, recipient in {"code": ada, "qr": {"email": "bo@example.org"}, "sms": eve}.items():
            doors[name] = await deposit(kiosk, await announce(house, bank, recipient=recipient))

        async def all_there() -> bool:
            return len(post.box.mails) + len(post.phones.messages) == len(doors)

        await eventually(all_there)

        (mail,) = post.box.to("ada@example.org")
        assert mail.message["Subject"].startswith("Ihr Paket liegt bereit: Corner shop, Corner 20")
        assert await types(kiosk, mail.message.get_body(("plain",)).get_content()) == doors["code"]
        await kiosk.act(doors["code"], "take", "shut")

        (mail,) = post.box.to("bo@example.org")
        (picture,) = [part for part in mail.message.walk() if part.get_content_type() == "image/png"]
        assert (await opens(kiosk, read_symbol(picture.get_content())))["door"] == doors["qr"]
        await kiosk.act(doors["qr"], "take", "shut")

        (sms,) = post.phones.to("+48601234567")
        assert await types(kiosk, sms.text) == doors["sms"]
        await kiosk.act(doors["sms"], "take", "shut")

    assert {item["state"] for item in (await house.get("/v1/notices"))["items"]} == {"sent"}
    assert await house.check() == ""
    said = "".join(path.read_text() for path in house.data.glob("*.log"))
    assert not CODE.search(said)
    assert not any(secret in said for secret in ("ada@", "eve@", "48601234567"))
