"""Where messages go out: what is set up is read at the start, and told without its secrets when it is wrong."""

import io
from datetime import UTC, datetime

import pytest

from cranny.apps.parts import outlets
from cranny.apps.settings import read
from cranny.core.errors import Invalid, NotFound
from cranny.outreach import channels
from cranny.outreach.channels.console import BLOT, Console
from cranny.outreach.texts import Details, compose
from cranny.people import Contact
from cranny.platform.feature import Outlet

SENDER = "Lockers <lockers@example.org>"


def test_the_folder_is_the_registry() -> None:
    assert {"console", "email", "sms"} <= set(channels.names())
    with pytest.raises(NotFound, match="email"):
        channels.load("pigeon")


@pytest.mark.slow
def test_the_settings_name_the_outlets_best_first() -> None:
    env = {"CRANNY_SMS_URL": "https://sms.example.org", "CRANNY_SMS_TOKEN": "t", "CRANNY_SMS_FROM": "Lockers"}
    env |= {"CRANNY_SMTP_URL": "smtp://mail.example.org", "CRANNY_MAIL_FROM": SENDER}
    found = outlets(read({"HOME": "/nowhere", **env}))
    assert list(found) == ["email", "sms"]
    assert found["sms"] == Outlet("https://sms.example.org", "t", "Lockers")
    assert list(channels.open_all(found)) == ["email", "sms"]
    assert outlets(read({"HOME": "/nowhere"})) == {}


@pytest.mark.parametrize(
    ("there", "missing"),
    [("CRANNY_SMTP_URL", "CRANNY_MAIL_FROM"), ("CRANNY_SMS_URL", "CRANNY_SMS_TOKEN")],
)
def test_half_a_setting_is_refused_by_name(there: str, missing: str) -> None:
    with pytest.raises(Invalid, match=missing) as caught:
        read({"HOME": "/nowhere", there: "x"})
    assert caught.value.code == "settings-incomplete"


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://user:hunter2@mail.example.org",
        "smtp://user:hunter2@",
        "smtp://user:hunter2@mail.example.org:port",
        "smtp://user:hunter2@mail.example.org?tls=off",
        "smtp://user:hunter2@mail.example.org?starttls=maybe",
        "smtp://user:hunter2@mail.example.org?starttls=off",
        "smtp://user:hunter2@mail.example.org?ca=/hunter2/no.pem",
    ],
)
def test_a_mail_server_that_can_not_be_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        channels.load("email").open_channel(Outlet(url, sender=SENDER))
    assert caught.value.code == "settings-invalid"
    assert "hunter2" not in caught.value.detail
    assert "hunter2" not in repr(Outlet(url, "hunter2"))


@pytest.mark.parametrize("sender", ["", "Lockers", "Lockers <lockers@example.org>\nBcc: eve@example.org"])
def test_a_mail_needs_a_sender(sender: str) -> None:
    with pytest.raises(Invalid, match="sender"):
        channels.load("email").open_channel(Outlet("smtp://mail.example.org", sender=sender))


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("sms.example.org", "t"),
        ("ftp://sms.example.org", "t"),
        ("http://sms.example.org", "t"),
        ("https://sms.example.org", ""),
        ("https://sms.example.org", "a\nb"),
        ("https://sms.example.org", "tökn"),
        ("https://[::1", "t"),
    ],
)
def test_a_gateway_that_can_not_be_used_is_refused(url: str, token: str) -> None:
    with pytest.raises(Invalid) as caught:
        channels.load("sms").open_channel(Outlet(url, token))
    assert caught.value.code == "settings-invalid"


def test_the_console_stands_in_where_nothing_is_set_up_and_never_beside_a_real_channel() -> None:
    assert list(channels.open_all({})) == ["console"]
    assert list(channels.open_all({"console": Outlet("")})) == ["console"]
    with pytest.raises(Invalid, match="console"):
        channels.open_all({"console": Outlet(""), "sms": Outlet("https://sms.example.org", "t")})


@pytest.mark.parametrize(("clear", "shown"), [(True, True), (False, False)])
async def test_the_console_shows_a_code_to_a_person_and_not_to_a_file(clear: bool, shown: bool) -> None:
    out = io.StringIO()
    details = Details("Hall", "Wall 2", "UTC", datetime(2026, 1, 1, tzinfo=UTC), code="042 193 550", qr="CAAVEK")
    ada = Contact(name="Ada", email="ada@example.org")
    message = compose("ready_to_collect", details, ada, key="k", to="ada@example.org", created=details.until)
    await Console(out, clear=clear).send(message)
    assert ("042 193 550" in out.getvalue()) is shown
    assert ("CAAVEK" in out.getvalue()) is shown
    assert ("ada@example.org" in out.getvalue()) is shown
    assert (BLOT in out.getvalue()) is not shown
    assert "Your parcel is ready: Hall, Wall 2" in out.getvalue()
