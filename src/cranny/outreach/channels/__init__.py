"""A FILE IS A CHANNEL: a way to reach people. What is told, and when, is decided elsewhere.

Listing this folder is the registry. A channel's module has `open_channel(outlet)`; the contract test that every
channel must pass finds it here.
"""

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, cast

from cranny.core.errors import CrannyError, Invalid, NotFound
from cranny.people import Contact
from cranny.platform.feature import Outlet

CONSOLE: Final = "console"
"""The channel for development: it reaches nobody but whoever sits at the terminal."""


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """One message to one person, in their language. `key` is the same whenever the same notice is sent again.
    `lead` says it all in a sentence; `hints` are further paragraphs; `short` is the whole in one SMS. `code` as it is
    shown, `qr` the text of the symbol; None where there is none to tell. `link`
    is an address that lets the person in, said with `link_hint`; empty where there is none."""

    key: str
    to: str
    name: str | None
    created: datetime
    language: str
    direction: str
    subject: str
    lead: str
    code: str | None
    code_hint: str
    qr: str | None
    qr_hint: str
    hints: tuple[str, ...]
    short: str
    link: str = ""
    link_hint: str = ""


class ChannelError(CrannyError):
    """It was not taken over. `permanent`: this person will not be reached this way, however often one tries; else
    it is worth another try, also when the fault is ours (a wrong password), which somebody can mend meanwhile.
    `detail` may hold the other side's figures (`550 5.1.1`), never an address or a text."""

    code = "channel-error"

    def __init__(self, code: str, detail: str = "", *, permanent: bool) -> None:
        super().__init__(detail, code=code, retry=not permanent)
        self.permanent = permanent


class Channel(Protocol):
    def address(self, contact: Contact) -> str | None:
        """As its module says."""
        ...

    async def send(self, message: Message) -> str:
        """Hand `message` over; returns the provider's id for it. Sending a key again is allowed, and recognisable
        for whoever gets it. Takes half a minute at most. Raises ChannelError and nothing else."""
        ...


class Maker(Protocol):
    """A channel's module."""

    def address(self, contact: Contact) -> str | None:
        """Where the channel would reach the person; None when it can't."""
        ...

    def open_channel(self, outlet: Outlet) -> Channel:
        """Reads `outlet` and keeps it; connects only to send. Raises Invalid, code `settings-invalid`."""
        ...


def names() -> list[str]:
    """Every channel there is."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def load(name: str) -> Maker:
    """The channel's module. Raises NotFound, code `channel-unknown`."""
    if name not in names():
        raise NotFound(f"There is no channel {name!r}. There are: {', '.join(names())}.", code="channel-unknown")
    return cast("Maker", importlib.import_module(f"{__name__}.{name}"))


def configured(outlets: Mapping[str, Outlet]) -> tuple[str, ...]:
    """The names of the channels that people can choose from, in the order of `outlets`; where only the console is,
    those that there could be."""
    named = tuple(name for name in outlets if name != CONSOLE)
    return named or tuple(name for name in names() if name != CONSOLE)


def addresses(contact: Contact, among: Sequence[str]) -> dict[str, str]:
    """By which of the channels `among` somebody can be reached, and where."""
    found = {name: load(name).address(contact) for name in among}
    return {name: address for name, address in found.items() if address}


def open_all(outlets: Mapping[str, Outlet]) -> dict[str, Channel]:
    """The configured channels, in this order; the console where none is. Raises Invalid, code `settings-invalid`, also
    when the console stands among real ones: it would say "sent" and nobody would have got it."""
    if CONSOLE in outlets and len(outlets) > 1:
        raise Invalid("The console reaches nobody: leave it out where a real channel is set.", code="settings-invalid")
    if not outlets:
        return {CONSOLE: load(CONSOLE).open_channel(Outlet(""))}
    return {name: load(name).open_channel(outlet) for name, outlet in outlets.items()}
