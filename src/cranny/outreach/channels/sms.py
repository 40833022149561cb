"""SMS through a gateway that speaks HTTP. One plain interface, described in docs/messages.md, so that any provider is
a few lines of glue away:

    POST <address>
    Authorization: Bearer <token>
    Idempotency-Key: <key of the notice>
    {"to": "+4915112345678", "text": "…", "reference": "<key of the notice>", "from": "<sender, where one is set>"}

2xx means taken over; the answer's `id` is the provider's own. 400, 404, 410 and 422 mean that this number will never
get it; everything else, that it is worth another try.
"""

import asyncio
from typing import Final

import httpx2
import msgspec

from cranny.core.errors import Invalid
from cranny.outreach.channels import Channel, ChannelError, Message
from cranny.people import Contact
from cranny.platform.feature import Outlet
from cranny.platform.reaching import system_trust

ALL_WITHIN_S: Final = 15.0
PERMANENT: Final = frozenset({400, 404, 410, 422})
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
LONGEST_ANSWER: Final = 4096


class _Taken(msgspec.Struct, frozen=True):
    id: str = ""


def address(contact: Contact) -> str | None:
    return contact.phone


class Sms:
    def __init__(self, outlet: Outlet, *, all_within: float) -> None:
        """`all_within` in seconds."""
        self._outlet = outlet
        self._all_within = all_within
        self._trust = system_trust()

    def address(self, contact: Contact) -> str | None:
        return address(contact)

    async def send(self, message: Message) -> str:
        try:
            async with asyncio.timeout(self._all_within), httpx2.AsyncClient(verify=self._trust) as client:
                answer = await client.post(self._outlet.url, json=self._body(message), headers=self._headers(message))
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise ChannelError("sms-timeout", permanent=False) from error
        except httpx2.HTTPError as error:
            raise ChannelError("sms-unreachable", permanent=False) from error
        if not answer.is_success:
            permanent = answer.status_code in PERMANENT
            code = "number-refused" if permanent else "sms-refused"
            raise ChannelError(code, str(answer.status_code), permanent=permanent)
        return _id(answer.content) or message.key

    def _body(self, message: Message) -> dict[str, str]:
        sender = {"from": self._outlet.sender} if self._outlet.sender else {}
        return {"to": message.to, "text": message.short, "reference": message.key, **sender}

    def _headers(self, message: Message) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._outlet.secret}", "Idempotency-Key": message.key}


def open_channel(outlet: Outlet) -> Channel:
    try:
        url = httpx2.URL(outlet.url)
    except httpx2.InvalidURL as error:
        raise _bad("its address should look like https://host/path") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise _bad("its address should look like https://host/path")
    if url.scheme == "http" and url.host not in LOCAL:
        raise _bad("it is handed codes and numbers, so its address must be https")
    if not outlet.secret or not outlet.secret.isascii() or not outlet.secret.isprintable():
        raise _bad("it needs a token, in one line")
    return Sms(outlet, all_within=ALL_WITHIN_S)


def _bad(what: str) -> Invalid:
    return Invalid(f"The SMS gateway can't be used: {what}.", code="settings-invalid")


def _id(answer: bytes) -> str:
    """The provider's id, where it told one that can be kept."""
    try:
        found = msgspec.json.decode(answer[:LONGEST_ANSWER], type=_Taken).id
    except msgspec.MsgspecError:
        return ""
    return found if found.isprintable() and len(found) <= 100 else ""  # noqa: PLR2004 - more is no id
