"""Invented people, for the pages about them."""

from datetime import UTC, datetime
from typing import Any

from cranny.pages.recipient.choosing import Choice, Way
from cranny.platform.permissions import Role
from cranny.ui.people import OwnView, PasskeyLine, PeopleView, PersonLine, RoleLine, SessionLine

NOW = datetime(2026, 11, 23, 16, 5, tzinfo=UTC)
LONG = "maria-magdalena.von-und-zu-langenname@verwaltung.universitaetsbibliothek.example.org"
OWN = OwnView(
    sessions=(
        SessionLine("1", "Firefox, Linux", "passkey", NOW, NOW, own=True),
        SessionLine("2", "Safari, iPhone", "link", NOW, NOW),
        SessionLine("3", "", "key", NOW, NOW),
    ),
    person="Ada Example",
    email="ada@example.org",
    roles=("admin", "technician"),
    passkeys=(
        PasskeyLine("1", "My phone", NOW, NOW, synced=True),
        PasskeyLine("2", "", NOW, None),
    ),
    admin=True,
)
PEOPLE = PeopleView(
    people=(
        PersonLine("1", "Ada Example", "ada@example.org", (RoleLine("admin"),), NOW, own=True),
        PersonLine("2", "", LONG, (RoleLine("clerk", "1", "Library, ground floor"), RoleLine("librarian"))),
        PersonLine("3", "Borg", "borg@example.org", (RoleLine("auditor"),)),
    ),
    places=(("1", "Library, ground floor"), ("2", "Station")),
    roles=tuple(Role),
    may_edit=True,
)
CHOICE = Choice(
    who="Ada",
    place="Reading Room",
    ways=(Way("email", "a…@verwaltung.universitaetsbibliothek.example.org", used=True), Way("sms", "…678", used=False)),
    first="email",
    quiet=True,
    start="22:00",
    end="07:00",
    low_doors=False,
    language="en",
)
PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
)
ELSEWHERE = {"elsewhere": [("01a21e2c", "Studierendenwerk der Universität")]}
PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "start": ("sign_in.html", {"back": "/walls", "wrong": "", "email": ""}),
    "key": ("sign_in.html", {"back": "/walls", "wrong": "", "email": ""}),
    "wrong": ("sign_in.html", {"back": "/walls", "wrong": "key", "email": ""}),
    "mistyped": ("sign_in.html", {"back": "/walls", "wrong": "email", "email": "ada@"}),
    "sent": ("sign_in_sent.html", {}),
    "link": ("sign_in_link.html", {"token": "0", "known": True}),
    "used": ("sign_in_link.html", {"token": "0", "known": False}),
    "welcome": ("welcome.html", {"token": "0", "known": True, "wrong": "", "name": "", "email": ""}),
    "too-late": ("welcome.html", {"token": "0", "known": False, "wrong": "", "name": "", "email": ""}),
    "prove": ("prove.html", {"back": "/walls", "wrong": "code", "has_passkey": True, "has_code": True, **ELSEWHERE}),
    "prove-key": ("prove_key.html", {"back": "/walls", "wrong": "key"}),
    "app": ("code_app.html", {"secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "picture": PICTURE}),
    "me": ("me.html", {"v": OWN}),
    "choose": ("choose.html", {"v": CHOICE, "said": "", "token": "0"}),
    "chosen": ("choose.html", {"v": CHOICE, "said": "saved", "token": ""}),
    "choose-wrong": ("choose.html", {"v": CHOICE, "said": "wrong", "token": "0"}),
    "people": ("people.html", {"v": PEOPLE, "wrong": "last-admin", "given": None}),
}
