"""Each POST of the API with something that it can be done to, and a body that fits: what tests send that are about all
of them. One that is missing here fails them."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cranny.core.rng import SystemRng
from tests.platform.furnished import Furnished

WITHOUT_A_KEY: Final = {
    "POST /v1/enrolments": "its one-time claim is the key: who comes second is told claim-invalid",
    "POST /v1/uplink": "facts are numbered: who sends them again gets the same acknowledgement",
}
"""POSTs that take no Idempotency-Key, each with what keeps it to one effect."""
ELSEWHERE: Final = {
    "POST /v1/saml-providers": "it needs a program of its own, which tests/people/test_saml.py asks for",
    "POST /v1/sign-in-providers": "it asks another server first, which tests/people/test_oidc.py has",
}
"""POSTs that are tried in a place of their own."""


@dataclass(frozen=True)
class Sent:
    """What is sent to a POST: ids by their names in the address, and the body, of which text is sent as the media type
    `kind`. `person`: with the admin's session."""

    at: Mapping[str, object]
    body: Any = None
    person: bool = False
    kind: str = "application/json"
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> dict[str, Any]:
        """As arguments of a request: the body and its media type."""
        if self.body is None:
            return {}
        raw = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return {"content": raw.encode(), "headers": {"Content-Type": self.kind}}


Builder = Callable[[Furnished], Awaitable[Sent]]


def about(name: str, body: Any = None) -> Builder:
    """On a new thing of this name."""

    async def build(here: Furnished) -> Sent:
        return Sent({name: await here.make(name)}, body)

    return build


def plain(body: Callable[[str], Any], *, person: bool = False) -> Builder:
    """On nothing in particular. `body` is told a fresh name."""

    async def build(_: Furnished) -> Sent:
        return Sent({}, body(fresh()), person=person)

    return build


async def announced(here: Furnished) -> Sent:
    parcel = {"tracking": fresh(), "width": 300, "height": 100, "depth": 400}
    bank = str(await here.make("bank"))
    return Sent({}, {"bank": bank, "items": [parcel], "recipient": {"email": f"{fresh()}@example.org"}})


async def extended(here: Furnished) -> Sent:
    return Sent({"delivery": (await here.stored()).id}, {"hours": 24})


async def rerouted(here: Furnished) -> Sent:
    return Sent({"delivery": await here.make("delivery")}, {"bank": str(await here.make("bank")), "reason": "moved"})


async def commanded(here: Furnished) -> Sent:
    return Sent({"bank": await here.reachable()}, {"action": "open", "door": "A1", "reason": "the latch was frozen"})


async def switched_on(here: Furnished) -> Sent:
    return Sent({"endpoint": await here.silenced()})


async def hooked(here: Furnished) -> Sent:
    await here.make("endpoint")  # makes room, where there are too many
    return Sent({}, {"url": here.hook, "types": ["webhook.never"], "description": fresh()})


async def listed(_: Furnished) -> Sent:
    people = f"email;role\n{fresh()}@example.org;clerk\n"
    return Sent({}, people, person=True, kind="text/csv", query={"apply": "true", "list": fresh()})


async def stopped(here: Furnished) -> Sent:
    _, email = await here.recipient()
    return Sent({}, {"channel": "email", "address": email})


async def erased(here: Furnished) -> Sent:
    person, _ = await here.recipient()
    return Sent({"person": person}, {"why": "asked"})


async def taken_back(here: Furnished) -> Sent:
    return Sent({"bank": await here.make("bank"), "token": await here.make("token")})


def bank_file(name: str) -> dict[str, Any]:
    door = {"label": "1", "width": 380, "height": 190, "depth": 640, "centre": 900, "unit": 1, "channel": 1}
    return {
        "name": name,
        "timezone": "Europe/Prague",
        "site": name,
        "towers": [{"name": "A", "compartments": [door]}],
    }


TOKEN: Final = {"purpose": "inspect", "door": "A1", "reason": "offline since Monday", "hours": 1}
BUILDERS: Final[Mapping[str, Builder]] = {
    "POST /v1/alarms/{alarm}/acknowledge": about("alarm", {"note": "the plug was out"}),
    "POST /v1/anomalies/{anomaly}/settle": about("anomaly", {"note": "looked: it was empty"}),
    "POST /v1/api-keys": plain(lambda name: {"label": name, "scopes": ["deliveries:write"]}),
    "POST /v1/banks": plain(bank_file),
    "POST /v1/banks/{bank}/claims": about("bank"),
    "POST /v1/banks/{bank}/commands": commanded,
    "POST /v1/banks/{bank}/tokens": about("bank", TOKEN),
    "POST /v1/banks/{bank}/tokens/{token}/take-back": taken_back,
    "POST /v1/channel-stops": stopped,
    "POST /v1/commands/{command}/confirm": about("command"),
    "POST /v1/commands/{command}/decline": about("command"),
    "POST /v1/deliveries": announced,
    "POST /v1/deliveries/{delivery}/cancel": about("delivery", {"reason": "order cancelled"}),
    "POST /v1/deliveries/{delivery}/extend": extended,
    "POST /v1/deliveries/{delivery}/reroute": rerouted,
    "POST /v1/grants/{grant}/badge": about("grant", {"badge": "04:A1:B2:C3:D4:E5:80"}),
    "POST /v1/grants/{grant}/reveal": about("grant", {"reason": "lost the message"}),
    "POST /v1/people": plain(lambda name: {"email": f"{name}@example.org", "roles": [{"role": "clerk"}]}, person=True),
    "POST /v1/people/imports": listed,
    "POST /v1/people/{person}/consents": about("person", {"consents": {"email": True}, "how": "told the desk"}),
    "POST /v1/people/{person}/erasure": erased,
    "POST /v1/people/{person}/export": about("person"),
    "POST /v1/people/{person}/preferences/link": about("person"),
    "POST /v1/sign-in-links": plain(lambda _: None),
    "POST /v1/size-classes": plain(lambda name: {"name": name, "width": 100, "height": 50, "depth": 200}),
    "POST /v1/webhook-endpoints": hooked,
    "POST /v1/webhook-endpoints/{endpoint}/rotate": about("endpoint", {"overlap_hours": 24}),
    "POST /v1/webhook-endpoints/{endpoint}/switch-off": about("endpoint"),
    "POST /v1/webhook-endpoints/{endpoint}/switch-on": switched_on,
    "POST /v1/webhook-endpoints/{endpoint}/test": about("endpoint"),
    "POST /v1/webhook-messages/{message}/resend": about("message"),
}


def fresh() -> str:
    return f"x{SystemRng().bytes(6).hex()}"
