"""Invented people, for the pages about them."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from cranny.pages.recipient.choosing import Choice, Way
from cranny.platform.permissions import Role
from cranny.ui.admin import (
    FlawLine,
    GroupLine,
    GroupsView,
    ImportView,
    KindLine,
    ListLine,
    PersonalView,
    PrivacyView,
    ProviderLine,
    ProvidersView,
)
from cranny.ui.people import OwnView, PasskeyLine, PeopleView, PersonLine, RoleLine, SessionLine
from cranny.ui.settling import SettleView

NOW = datetime(2026, 11, 23, 16, 5, tzinfo=UTC)
LONG = "maria-magdalena.von-und-zu-langenname@verwaltung.universitaetsbibliothek.example.org"
OWN = OwnView(
    sessions=(
        SessionLine("1", "Firefox, Linux", "passkey", NOW, NOW, own=True),
        SessionLine("2", "Safari, iPhone", "link", NOW, NOW),
        SessionLine("3", "", "key", NOW, NOW),
    ),
    person="Ada Example",
    id="1",
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
PLACES = PEOPLE.places
ROOMS = {"rooms": ("people", "imports", "organisations", "groups", "privacy")}
LISTS = (ListLine("residents", 214, NOW), ListLine("staff-of-the-library", 1, NOW))
LOOKED = ImportView(
    tuple(Role),
    PLACES,
    LISTS,
    full=True,
    kept="bmFtZQ==",
    lines=218,
    encoding="cp1252",
    guessed=True,
    ignored=("Bemerkung", "Anrede"),
    counts=(12, 3, 8, 195),
)
FLAWED = ImportView(
    tuple(Role),
    PLACES,
    role="resident",
    lines=218,
    wrong=214,
    flaws=(
        FlawLine(2, "email", "email-invalid", ""),
        FlawLine(3, "until", "until-invalid", ""),
        FlawLine(1017, "external_id", "text-invalid", "This has up to 200 characters, without control characters."),
        FlawLine(1018, "", "too-many-cells", ""),
    ),
)
PROVIDERS = ProvidersView(
    (
        ProviderLine(
            "1",
            "Studierendenwerk der Universität",
            "https://login.studierendenwerk.universitaetsbibliothek.example.org/realms/staff",
            ("example.org", "students.example.org"),
            "resident",
            "Library, ground floor",
            proves=True,
            redirect_uri="https://lockers.example.org/sign-in/with/019cadc6-9a80-7b11-8d0e-2f5f6b1c5a10/back",
        ),
        ProviderLine("2", "Example", "https://login.example.org", ("example.org",), redirect_uri="https://x.example/"),
    ),
    tuple(Role),
    PLACES,
    may_edit=True,
)
GROUPS = GroupsView(
    (GroupLine("1", "Facility management", 12, "operator", "1"), GroupLine("2", "Everybody", 1)),
    tuple(Role),
    PLACES,
    may_edit=True,
)
KINDS = ("answers", "audit", "commands", "contacts", "deliveries", "links", "measurements", "reasons", "scans")
PRIVACY = PrivacyView(
    tuple(KindLine(kind, "", 30, 30, 1, 3650) for kind in (*KINDS, "sessions", "webhooks")),
    ask=True,
    may_edit=True,
    may_find=True,
)
PERSONAL = PersonalView("1", "", LONG, "+420601234567", ("resident",), may_erase=True)
HOLDS = ("They are still resident: take their roles first.", "A delivery waits behind door A05.")
ALARM = SettleView("/x", "/walls", "too_warm", channel="fridge", alarm=True)
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
    "link": ("sign_in_link.html", {"gone": False}),
    "used": ("sign_in_link.html", {"gone": True}),
    "welcome": ("welcome.html", {"token": "", "known": True, "wrong": "", "name": "", "email": ""}),
    "too-late": ("welcome.html", {"token": "0", "known": False, "wrong": "", "name": "", "email": ""}),
    "sign-in-asked": ("sign_in_asked.html", {"provider": "019cadc6", "onward": "next=%2Fwalls"}),
    "prove": ("prove.html", {"back": "/walls", "wrong": "code", "has_passkey": True, "has_code": True, **ELSEWHERE}),
    "prove-key": ("prove_key.html", {"back": "/walls", "wrong": "key"}),
    "app": ("code_app.html", {"secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "picture": PICTURE}),
    "me": ("me.html", {"v": OWN}),
    "choose": ("choose.html", {"v": CHOICE, "said": "", "token": "0"}),
    "choose-come": ("choose.html", {"v": None, "said": "come", "token": ""}),
    "chosen": ("choose.html", {"v": CHOICE, "said": "saved", "token": ""}),
    "choose-wrong": ("choose.html", {"v": CHOICE, "said": "wrong", "token": "0"}),
    "settle": (
        "dialog_page.html",
        {"what": "settle", "s": SettleView("/x", "/walls", "unknown_grant", "look", wrong=True)},
    ),
    "settle-alarm": ("dialog_page.html", {"what": "settle", "s": ALARM}),
    "people": ("people.html", {"v": PEOPLE, "wrong": "last-admin", "given": None, **ROOMS}),
    "imports": ("imports.html", {"v": LOOKED, "wrong": "", **ROOMS}),
    "imports-wrong": ("imports.html", {"v": FLAWED, "wrong": "", **ROOMS}),
    "organisations": (
        "organisations.html",
        {"v": PROVIDERS, "wrong": "oidc-provider-wrong", "given": None, "by": "oidc", **ROOMS},
    ),
    "groups": ("groups.html", {"v": GROUPS, "wrong": "", **ROOMS}),
    "privacy": ("privacy.html", {"v": PRIVACY, "wrong": "person-not-found", "said": "", **ROOMS}),
    "personal": ("personal.html", {"v": msgspec.structs.replace(PERSONAL, holds=HOLDS), **ROOMS}),
}
