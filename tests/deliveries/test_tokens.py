"""Signed tokens from the request to the log."""

import json
from uuid import UUID

import pytest

from cranny.platform import log
from cranny.wire import tokens
from cranny.wire.kinds import CollectFinished, OpeningIntended
from cranny.wire.messages import GrantRevoked
from tests.deliveries.test_api import post

pytestmark = pytest.mark.engines


async def test_a_token_is_issued_audited_and_its_use_is_listed(yard) -> None:
    shown = await yard.announce()
    await yard.work()
    generation = yard.box.deposit(shown.id, grant=shown.grants.collect)
    await yard.box.sync()
    path = f"/v1/banks/{yard.box.bank}/tokens"
    asked = {"purpose": "recall", "door": "A1", "reason": "offline since Monday"}
    async with yard.client() as client:
        made = await post(client, path, asked, key="one")
        assert (made["status"], made["door"], made["generation"]) == (201, "A1", generation)
        again = await post(client, path, asked, key="one")
        assert (again["status"], again["code"]) == (409, "secret-shown-once")
        back = await post(client, f"{path}/{made['id']}/take-back", {})
        assert (back["status"], back["id"]) == (200, made["id"])
        for wrong, code in (
            ({"purpose": "recall", "door": "A2"}, "nothing-to-recall"),
            ({"purpose": "inspect", "door": "Z9"}, "door-not-found"),
            ({"purpose": "inspect", "door": "A1", "hours": 9}, "hours-too-many"),
            ({"purpose": "collect", "door": "A1"}, "invalid"),
        ):
            assert (await post(client, path, {"reason": "x", **wrong}))["code"] == code
        nowhere = await post(client, f"/v1/banks/{UUID(int=4)}/tokens", {**asked})
        assert nowhere["status"] == 404
    public = yard.keyring.downlink_key(yard.tenant).public_key()
    token = tokens.read(public, made["qr"])
    assert (token.id, token.bank, token.door) == (UUID(made["id"]), yard.box.bank.bytes, "A1")
    assert GrantRevoked(token.id) in await yard.given()
    await yard.follow()
    async with yard.db.transaction(yard.tenant) as tx:
        (issued,) = await log.read(tx, 0, 1000, ["token.issued"])
    assert (issued.data["reason"], issued.data["who"][:5]) == ("offline since Monday", "keys/")
    assert made["qr"] not in json.dumps(issued.data)

    opening = yard.db.ids.new()
    yard.box.write(OpeningIntended(opening, "A1", generation, "recall", None, "token", token_id=token.id))
    yard.box.write(CollectFinished(opening, "A1", generation, "recall", None, [shown.id], "sensed"))
    await yard.box.sync()
    assert await yard.state(shown.id) == "returned"
    assert (await yard.grant(shown.grants.collect)).state == "revoked"
    assert await yard.anomalies() == [("opened_locally", f"banks/{yard.box.bank}/doors/A1")]
    assert await yard.violations() == []
