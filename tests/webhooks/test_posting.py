"""One POST to somebody who may mean no good: names that change, redirects, silence, floods."""

import asyncio
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest

from cranny.core.clock import SystemClock
from cranny.platform.outside import Guard, Resolve
from cranny.webhooks.posting import Answer, Poster
from tests.outreach.test_secure_mail import identity

from .conftest import HERE
from .receiver import Receiver, answer, receiving


def names(*turns: Sequence[str]) -> Resolve:
    """A name server that says something else each time it is asked, the last thing for ever."""
    left = list(turns)

    async def resolve(_: str, __: int) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


async def post(
    receiver: Receiver,
    *,
    guard: Guard = HERE,
    resolve: Resolve | None = None,
    within: float = 5.0,
    url: str = "",
    trust: ssl.SSLContext | None = None,
) -> Answer:
    poster = Poster(guard, resolve or names(["127.0.0.1"]), SystemClock(), trust=trust, all_within=within)
    return await poster.post(url or receiver.url, b"{}", {"webhook-id": "1"})


async def test_a_name_is_asked_for_once_and_its_address_is_the_one_that_is_spoken_to() -> None:
    async with receiving() as receiver:
        # The second answer would be a server that nobody may speak to; nobody asks for it.
        rebinding = names(["127.0.0.1"], ["169.254.169.254"])
        url = f"http://shop.example:{receiver.port}/hooks"
        done = await post(receiver, resolve=rebinding, url=url)
        assert done.well
        assert receiver.got[0].headers["host"] == f"shop.example:{receiver.port}"
        # The next time it is looked at anew.
        refused = await post(receiver, resolve=names(["169.254.169.254"]), url=url)
        assert (refused.status, refused.error.partition(":")[0]) == (None, "address-refused")
        assert len(receiver.got) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}/", "http://2130706433:{}/", "http://0x7f.1:{}/"])
async def test_our_own_machine_is_refused_however_it_is_written(url: str) -> None:
    from cranny.platform.outside import resolve

    async with receiving() as receiver:
        for scheme in ("http", "https"):
            asked = url.format(receiver.port).replace("http", scheme)
            refused = await post(receiver, guard=Guard(), resolve=resolve, url=asked)
            assert refused.status is None
            assert refused.error.startswith(("address-refused", "name-unknown")), refused
        assert receiver.got == []


async def test_a_redirect_is_not_followed_wherever_it_leads() -> None:
    async with receiving() as receiver, receiving() as inner:
        for status in (301, 302, 307, 308):
            for place in ("http://169.254.169.254/latest/meta-data", inner.url, receiver.url):
                receiver.says = answer(status, location=place)
                refused = await post(receiver)
                assert (refused.status, refused.error, refused.well) == (status, "redirect-refused", False)
        assert inner.got == []


async def test_who_does_not_answer_is_left() -> None:
    async with receiving() as receiver:
        receiver.hold.clear()
        late = await post(receiver, within=0.1)
        assert (late.status, late.error) == (None, "timed-out")
        assert late.ms >= 100

        async def never(_: str, __: int) -> Sequence[str]:
            await asyncio.Event().wait()
            return []

        assert (await post(receiver, within=0.1, resolve=never)).error == "timed-out"


async def test_an_answer_that_drips_or_floods_is_cut_off() -> None:
    async with receiving() as receiver:
        receiver.says = answer(200, "x" * 100)
        receiver.drip = 0.3
        slow = await post(receiver)
        assert (slow.status, slow.error) == (200, "")
        assert slow.text.startswith("x")
        assert slow.text.endswith("[cut off]")
        assert slow.ms < 3000
        receiver.drip = None
        receiver.says = answer(200, "y" * 50_000_000)
        flood = await post(receiver)
        assert flood.text == "y" * 512


async def test_what_is_no_http_and_who_is_not_there() -> None:
    async with receiving() as receiver:
        receiver.says = b"220 smtp.example ESMTP\r\n\r\n"
        assert (await post(receiver)).error == "answer-invalid"
        gone = receiver.port
    assert (await post(receiver, url=f"http://127.0.0.1:{gone}/")).error == "unreachable"

    async def nobody(_: str, __: int) -> Sequence[str]:
        raise OSError("no such name")

    assert (await post(receiver, resolve=nobody)).error == "name-unknown"


async def test_the_certificate_is_checked_against_the_name_and_not_the_address(tmp_path: Path) -> None:
    ours = identity(tmp_path, "shop.example")
    async with receiving(tls=ours.serves()) as receiver:
        trusted = ours.trusted()
        good = await post(receiver, url=f"https://shop.example:{receiver.port}/", trust=trusted)
        assert good.well
        wrong = await post(receiver, url=f"https://other.example:{receiver.port}/", trust=trusted)
        unknown = await post(receiver, url=f"https://shop.example:{receiver.port}/")
        assert (wrong.error, unknown.error) == ("tls-failed", "tls-failed")
        assert len(receiver.got) == 1


async def test_the_environment_s_proxy_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as receiver, receiving() as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await post(receiver)).well
        assert proxy.got == []
