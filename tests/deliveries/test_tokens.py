"""Signed tokens from the request to the log."""

import json
from typing import Any
from uuid import UUID

import pytest

from cranny.platform import log, tenants
from cranny.wire import tokens
from cranny.wire.kinds import CollectFinished, OpeningIntended
from cranny.wire.messages import GrantRevoked
from tests.deliveries.test_api import post

pytestmark = pytest.mark.engines


async def _second(yard) -> dict[str, str]:
    """Another key's header."""
    async with yard.db.transaction(yard.tenant) as tx:
        _, key = await tenants.add_key(tx, label="night desk")
    return {"Authorization": f"Bearer {key}"}


async def _agreed(client, yard, door: str, second: dict[str, str]) -> str:
    """A token for `door` that somebody else has agreed to, and nobody before them."""
    ask = {"action": "token", "door": door, "reason": "offline since Monday"}
    waits = await post(client, f"/v1/banks/{yard.box.bank}/commands", ask)
    assert waits["state"] == "awaiting_confirmation"
    path, wish = f"/v1/banks/{yard.box.bank}/tokens", {"purpose": "inspect", "door": door, "reason": "x"}
    early = await post(client, path, {**wish, "agreed": waits["id"]})
    assert (early["status"], early["code"]) == (409, "second-person-needed")
    confirm = f"/v1/commands/{waits['id']}/confirm"
    assert (await post(client, confirm, {}))["code"] == "own-command"
    headers = {**second, "Idempotency-Key": str(yard.db.ids.new())}
    done = (await client.post(confirm, json={}, headers=headers)).json()
    assert (done["state"], done["confirmed_by"]["label"]) == ("executed", "night desk")
    again = {**second, "Idempotency-Key": str(yard.db.ids.new())}
    assert (await client.post(confirm, json={}, headers=again)).json()["code"] == "command-confirm-when-executed"
    return str(waits["id"])


async def test_tokens_count_with_the_openings_and_above_three_somebody_else_has_to_agree(yard) -> None:
    path = f"/v1/banks/{yard.box.bank}/tokens"
    second = await _second(yard)
    async with yard.client() as client:

        async def ask(door: str, **more: str) -> Any:
            return await post(client, path, {"purpose": "inspect", "door": door, "reason": "x"} | more)

        assert [(await ask(f"A{n}"))["status"] for n in (1, 2, 3)] == [201, 201, 201]
        refused = await ask("A4")
        assert (refused["status"], refused["code"]) == (409, "second-person-needed")
        agreed = await _agreed(client, yard, "A4", second)
        assert (await ask("A5", agreed=agreed))["code"] == "agreement-unfit"
        theirs = {**second, "Idempotency-Key": "theirs"}
        wish = {"purpose": "inspect", "door": "A4", "reason": "x", "agreed": agreed}
        assert (await client.post(path, json=wish, headers=theirs)).json()["code"] == "agreement-unfit"
        made = await ask("A4", agreed=agreed)
        assert (made["status"], made["door"]) == (201, "A4")
        assert (await ask("A4", agreed=agreed, reason="once more"))["code"] == "agreement-used"
        late = await _agreed(client, yard, "A5", second)
        yard.clock.pass_by(minutes=6)
        assert (await ask("A5", agreed=late))["code"] == "agreement-used"
        yard.clock.pass_by(minutes=5)
        assert (await ask("A5"))["status"] == 201  # ten minutes later it is all forgotten


async def test_a_token_for_a_high_security_door_needs_somebody_else_at_once(yard) -> None:
    yard.boxes += 1
    yard.box = await yard.add_box(yard.boxes, doors=2, features="high-security")
    second = await _second(yard)
    path = f"/v1/banks/{yard.box.bank}/tokens"
    wish = {"purpose": "inspect", "door": "A1", "reason": "x"}
    async with yard.client() as client:
        refused = await post(client, path, wish)
        assert (refused["status"], refused["code"]) == (409, "second-person-needed")
        agreed = await _agreed(client, yard, "A1", second)
        yard.box.deposit(yard.db.ids.new(), door="A1")
        await yard.box.sync()
        assert (await post(client, path, {**wish, "agreed": agreed}))["code"] == "door-changed"
        agreed = await _agreed(client, yard, "A2", second)
        ask = {"action": "token", "door": "A2", "reason": "never mind"}
        no = (await post(client, f"/v1/banks/{yard.box.bank}/commands", ask))["id"]
        assert (await post(client, f"/v1/commands/{no}/decline", {}))["state"] == "declined"
        headers = {**second, "Idempotency-Key": "too late"}
        late = (await client.post(f"/v1/commands/{no}/confirm", json={}, headers=headers)).json()
        assert late["code"] == "command-confirm-when-declined"
        assert (await post(client, path, {**wish, "door": "A2", "agreed": no}))["code"] == "agreement-unfit"
        made = await post(client, path, {**wish, "door": "A2", "agreed": agreed})
        assert (made["status"], made["door"]) == (201, "A2")


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
