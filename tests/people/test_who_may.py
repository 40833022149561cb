"""Who may do what, walked: every operation of the API and every page, by everybody, on everything.

What must come out is worked out from `permissions.TABLE` and what the test knows of its world, not by the gate.
"""

import re
from itertools import count
from typing import Any

import pytest
from litestar.enums import RequestEncodingType

from cranny.platform.db import Database
from cranny.platform.gate import BY_SITE, NARROWS, NEEDS, PAGE, Undeclared, handlers, is_open, require_declared
from cranny.platform.permissions import ALL, OF_THE_TENANT, OWN, STEP_UP, TABLE, TENANT_WIDE, Action, Reach, Role
from cranny.platform.server import create_server
from cranny.wiring.serving import join
from tests.people.asking import AGENT, ask
from tests.people.world import Member, Things, World, build
from tests.platform.conftest import parts, serve

OWNED = frozenset({"person", "session", "delivery"})
PLACED = frozenset({"bank", "command", "anomaly", "alarm", "grant", "delivery", "site"})
NUMBER = count()
DENIED = ("not-allowed", "not-yours", "name-the-place", "step-up-needed")


def operations(app: Any) -> list[tuple[str, str, Any]]:
    return [(m, p, h) for m, p, h in handlers(app) if not is_open(h)]


def fill(path: str, things: Things) -> str:
    """The address of something. An unknown name means that this test must learn what it stands for."""
    return re.sub(r"\{(\w+)\}", lambda found: "x" if found[1] == "name" else str(things[found[1]]), path)


def names(path: str) -> frozenset[str]:
    return frozenset(re.findall(r"\{(\w+)\}", path))


async def denied(app: Any, operation: tuple[str, str, Any], things: Things, who: Member) -> str:
    """The code with which the gate said no; empty where it did not."""
    method, path, _ = operation
    status, code = await ask(app, method, fill(path, things), cookie=who.cookie, n=next(NUMBER))
    assert status != 401, (method, path, code)
    if code.startswith("/prove"):
        return "step-up-needed"
    return (code or "a page says no") if status == 403 else ""


def expected(role: Role, handler: Any, path: str, case: str, *, local: bool) -> bool:
    """Whether the gate lets it through."""
    reach = TABLE[role].get(handler.opt[NEEDS])
    if reach is None:
        return False
    named, narrows = names(path), handler.opt.get(NARROWS)
    whole = reach is Reach.ALL and (not local or handler.opt[NEEDS] in TENANT_WIDE)
    if whole or narrows is True:
        return True
    if reach is Reach.ALL and narrows == BY_SITE:
        # The other person has no role at the member's site.
        return case == "own" or "person" not in named or handler.opt[NEEDS] is Action.PEOPLE_EDIT
    if reach is Reach.ALL and local and named & PLACED:
        # The parcel and the bank of "own" and "other" are at the member's site; those that don't exist are nowhere.
        return case in ("own", "other") and named <= {"bank", "delivery", "grant", "site", "name", "token"}
    return case == "own" and OWN_OF_ROLE(role, handler) and bool(named & OWNED) and named <= OWNED


def OWN_OF_ROLE(role: Role, handler: Any) -> bool:  # noqa: N802 - a table, read like one
    return role in OWN.get(handler.opt[NEEDS], ())


async def test_every_operation_by_everybody_on_everything(wide: Database) -> None:
    made = parts(wide)
    app, world = join(made), await build(wide, made.keyring)
    asked, wrong = 0, []
    for operation in operations(app):
        method, path, handler = operation
        status, where = await ask(app, method, fill(path, world.things), n=next(NUMBER))
        good = (
            where.startswith("/sign-in?next=") if handler.opt.get(PAGE) else (status, where) == (401, "api-key-missing")
        )
        wrong += [] if good else [(method, path, "anonymous", status, where)]
        for role in Role:
            for member, local in ((world.whole[role], False), (world.local[role], True)):
                for case, things in cases(world, member, path, local=local).items():
                    said = await denied(app, operation, things, member)
                    asked += 1
                    if (said == "") != expected(role, handler, path, case, local=local):
                        wrong.append((method, path, str(role), case, "site" if local else "tenant", said))
    assert not wrong, "\n".join(map(str, wrong))
    assert asked > 1000


async def test_a_word_that_nobody_goes_by_opens_nothing(wide: Database) -> None:
    """A role for one site is held against what the handler really narrows by: not against a bank that somebody puts
    into the question, or into the body, for the gate alone."""
    made = parts(wide)
    app, world = join(made), await build(wide, made.keyring)
    wrong, asked = [], 0
    for method, path, handler in operations(app):
        taken = handler.parsed_fn_signature.parameters
        for role, member in world.local.items():
            for word in ("bank", "site"):
                if word in taken or f"{{{word}}}" in path or expected(role, handler, path, "own", local=True):
                    continue
                if TABLE[role].get(handler.opt[NEEDS]) is not Reach.ALL:
                    continue  # no word would help them
                decoy = f"{fill(path, world.things)}?{word}={world.things[word]}"
                status, code = await ask(app, method, decoy, cookie=member.cookie, n=next(NUMBER))
                asked += 1
                if status != 403 and not code.startswith("/prove"):
                    wrong.append((method, path, str(role), word, status, code))
    assert not wrong, "\n".join(map(str, wrong))
    assert asked > 50


async def test_a_bank_of_another_tenant_in_a_question_shows_nothing(wide: Database) -> None:
    made = parts(wide)
    app, world = join(made), await build(wide, made.keyring)
    lists = [
        path for method, path, handler in operations(app)
        if method == "GET" and path.startswith("/v1/") and "bank" in handler.parsed_fn_signature.parameters
        and "{" not in path
    ]  # fmt: skip
    assert "/v1/deliveries" in lists
    async with serve(app, world.key) as program:
        for path in lists:
            answer = await program.get(path, params={"bank": str(world.stranger["bank"])})
            assert (answer.status_code, answer.json().get("items")) in ((200, []), (404, None)), path


async def test_a_role_for_one_site_lists_what_is_there_and_changes_that_only(wide: Database) -> None:
    made = parts(wide)
    app, world = join(made), await build(wide, made.keyring)
    admin, near, away = world.local[Role.ADMIN], world.things, world.away
    headers = {"Cookie": f"cranny-session={admin.cookie}", "User-Agent": AGENT}
    async with serve(app) as client:
        for what, name in (("banks", "bank"), ("sites", "site")):
            listed = (await client.get(f"/v1/{what}", headers=headers)).json()
            assert ([one["id"] for one in listed["items"]], listed["next"]) == ([str(near[name])], None)
            for thing, status in ((near[name], 200), (away[name], 403), (world.stranger[name], 403)):
                address, body = f"/v1/{what}/{thing}", {"name": f"Renamed {what}"}
                assert (await client.get(address, headers=headers)).status_code == status
                assert (await client.patch(address, json=body, headers=headers)).status_code == status
    async with wide.transaction(world.tenant) as tx:
        told = await tx.all("SELECT subject, data ->> 'by' AS by FROM events WHERE type LIKE '%.changed' ORDER BY seq")
    assert [(row["subject"], row["by"]) for row in told] == [
        (f"banks/{near['bank']}", f"persons/{admin.id}"),
        (f"sites/{near['site']}", f"persons/{admin.id}"),
    ]


async def test_two_banks_in_one_question_are_both_looked_at(wide: Database) -> None:
    made = parts(wide)
    app, world = join(made), await build(wide, made.keyring)
    clerk, near, away = world.local[Role.CLERK], world.things["bank"], world.away["bank"]
    for query, status in ((f"bank={near}", 200), (f"bank={near}&bank={away}", 403), (f"bank={away}&bank={near}", 403)):
        assert (await ask(app, "GET", f"/v1/deliveries?{query}", cookie=clerk.cookie))[0] == status


CALLED = (None, "text/plain", "Application/JSON", "application/json", "application/x-www-form-urlencoded", "x/y+json")


@pytest.mark.parametrize("called", CALLED)
async def test_a_bank_in_a_body_is_looked_at_whatever_the_body_is_called(wide: Database, called: str | None) -> None:
    made = parts(wide)
    app, world = join(made), await build(wide, made.keyring)
    clerk, near, away = world.local[Role.CLERK], world.things["bank"], world.away["bank"]
    address = f"/v1/deliveries/{clerk.own['delivery']}/reroute"
    headers = {"Cookie": f"cranny-session={clerk.cookie}", "User-Agent": AGENT}
    headers |= {"Content-Type": called} if called else {}
    async with serve(app) as client:

        async def reroute(body: str) -> str:
            key = {"Idempotency-Key": f"reroute-{next(NUMBER)}"}
            return (await client.post(address, content=body, headers=headers | key)).json().get("code", "")

        assert await reroute(f'{{"bank": "{away}"}}') == "not-yours"
        assert await reroute(f'{{"\\u0062ank": "{away}"}}') == "not-yours"
        # Of a name that stands twice the last one counts, for the gate as for the deed.
        assert await reroute(f'{{"bank": "{near}", "bank": "{away}"}}') == "not-yours"
        said = await reroute(f'{{"bank": "{away}", "bank": "{near}"}}')
        assert said == await reroute(f'{{"bank": "{near}"}}') != "not-yours"
        assert await reroute("bank=") not in ("", "not-yours")
    async with wide.transaction(world.tenant) as tx:
        assert await tx.value("SELECT bank FROM deliveries WHERE id = $1", clerk.own["delivery"]) == near


async def test_where_something_is_stands_in_what_the_gate_reads(wide: Database) -> None:
    """A bank or a site in a form is none of an address's thing: its page narrows by itself, or is all the tenant's. And
    the fields of every other body are known."""
    for method, path, handler in operations(join(parts(wide))):
        data = handler.parsed_fn_signature.parameters.get("data")
        if data is None:
            continue
        assert method not in ("GET", "HEAD"), path
        fields = frozenset(getattr(data.annotation, "__struct_fields__", ()))
        if data.kwarg_definition.media_type != RequestEncodingType.JSON:
            apart = handler.opt.get(NARROWS) or handler.opt[NEEDS] in OF_THE_TENANT
            assert not fields & {"bank", "site"} or apart, (method, path)
        else:
            sent = data.annotation.__struct_encode_fields__  # none is called otherwise in the body
            assert fields & {"bank", "site"} == frozenset(sent) & {"bank", "site"}, (method, path)


async def test_the_site_of_a_role_that_is_given_does_not_open_what_is_the_tenants(wide: Database) -> None:
    """Whoever a sign-in provider vouches for gets in everywhere, whatever the site of the role that they get."""
    made = parts(wide)
    app, world = join(made), await build(wide, made.keyring)
    admin = world.local[Role.ADMIN]
    headers = {"Cookie": f"cranny-session={admin.cookie}", "User-Agent": AGENT}
    asked = 0
    async with serve(app) as client:
        for method, path, handler in operations(app):
            if handler.opt[NEEDS] not in OF_THE_TENANT or handler.opt.get(PAGE) or method == "GET":
                continue
            body, key = {"site": str(world.things["site"])}, {"Idempotency-Key": f"site-{next(NUMBER)}"}
            answer = await client.request(method, fill(path, world.things), json=body, headers=headers | key)
            assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed"), (method, path)
            asked += 1
    assert asked >= 5


def cases(world: World, member: Member, path: str, *, local: bool) -> dict[str, Things]:
    """What an address can be about; where it names nothing there is one case."""
    found = {"own": world.things | member.own}
    if names(path) - {"name"}:
        found |= {"other": world.things | world.other.own}
        if local:
            found |= {"away": world.things | world.other.own | world.away}
    return found


async def test_nothing_of_another_tenant_is_reached_by_anybody(wide: Database) -> None:
    """Where the gate lets somebody through by their role, row-level security is the second wall."""
    made = parts(wide)
    app, world = join(made), await build(wide, made.keyring)
    wrong = []
    for method, path, _ in operations(app):
        if not names(path) - {"name"}:
            continue
        for who in (*world.whole.values(), *world.local.values(), None):
            asker = {"cookie": who.cookie} if who else {"key": world.key}
            status, code = await ask(app, method, fill(path, world.stranger), n=next(NUMBER), **asker)
            if (status < 300 and code != "refused") or status >= 500:
                wrong.append((method, path, who and who.id, status, code))
    assert not wrong, "\n".join(map(str, wrong))


async def test_a_plain_key_does_what_it_did(wide: Database) -> None:
    made = parts(wide)
    app, world = join(made), await build(wide, made.keyring)
    for method, path, handler in operations(app):
        if handler.opt.get(PAGE):
            continue
        status, code = await ask(app, method, fill(path, world.things), key=world.key, n=next(NUMBER))
        about_itself = handler.opt.get(NARROWS) is True and Role.OPERATOR in OWN.get(handler.opt[NEEDS], ())
        may = about_itself or any(role in ALL[handler.opt[NEEDS]] for role in (Role.OPERATOR, Role.INTEGRATOR))
        assert (status == 403) != may, (method, path, status, code)


async def test_who_was_not_proven_lately_shows_it_again(wide: Database) -> None:
    made = parts(wide)
    app, world = join(made), await build(wide, made.keyring)
    admin = world.whole[Role.ADMIN]
    async with wide.transaction(world.tenant) as tx:
        await tx.run("UPDATE sessions SET proven = proven - interval '6 minutes' WHERE holder = $1", admin.id)
    for operation in operations(app):
        said = await denied(app, operation, world.things | admin.own, admin)
        assert (said == "step-up-needed") == (operation[2].opt[NEEDS] in STEP_UP), (operation[:2], said)


def test_a_route_that_says_nothing_does_not_start(wide: Database) -> None:
    from litestar import get

    @get("/v1/forgotten")
    async def forgotten() -> None: ...

    @get("/v1/both", needs=Action.BANKS_READ, opt={"public": True})
    async def both() -> None: ...

    @get("/v1/misspelt", needs="banks.raed")
    async def misspelt() -> None: ...

    for handler in (forgotten, both, misspelt):
        with pytest.raises(Undeclared, match="must say"):
            create_server([handler], parts(wide))
    require_declared(join(parts(wide)))


def test_every_action_is_somebodys_and_every_role_may_something() -> None:
    assert set(ALL) == set(Action)
    assert all(ALL[action] or OWN.get(action) for action in Action)
    assert all(TABLE[role] for role in Role)
