"""What messages say. The sentences stand here in English; `locales/` has them in other languages (`ui/words.py`).

Short, calm, in the second person: what happened, what to do. The door is not named: a code and a door in one message
is a key with an address. Nothing secret stands in the subject, which shows on locked screens.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from cranny.outreach import gsm
from cranny.outreach.channels import Message
from cranny.outreach.tables import Kind
from cranny.people import Contact
from cranny.ui.words import Words, choose, load

LOCALES: Final = Path(__file__).parent / "locales"


class Details(msgspec.Struct, frozen=True):
    """What is filled in. `site` and `bank` are names, `timezone` an IANA name; `until` is when the time to collect is
    over, `count` how many parcels it is about. `code` as people read it and `qr` as the symbol holds it, where there
    are any: these are secrets, and travel sealed."""

    site: str
    bank: str
    timezone: str
    until: datetime
    count: int = 1
    code: str | None = None
    qr: str | None = None
    sender: str = ""
    link: str = ""
    """What lets somebody in: as secret as a code."""

    def __repr__(self) -> str:
        """Nothing of it, wherever it is printed."""
        return "Details(…)"


@dataclass(frozen=True, slots=True)
class _Text:
    """With holes: `%(place)s`, `%(until)s`, `%(num)s`, `%(code)s`, `%(sender)s`, `%(link)s`.
    An SMS says subject and `tail`."""

    subject: str
    lead: str
    hints: tuple[str, ...]
    tail: str


def languages() -> Mapping[str, Words]:
    """Every language that messages are written in, the source first."""
    return load(LOCALES)


def compose(kind: Kind, details: Details, contact: Contact, *, key: str, to: str, created: datetime) -> Message:
    """The message, in the person's language; in English where we don't speak it."""
    words = languages()[choose(contact.language or "", languages())]
    _ = words.catalogue.gettext
    text = _TEXTS[kind](details, words)
    fill = {
        "place": _place(details),
        "until": until(details, words),
        "num": str(details.count),
        "code": details.code or "",
        "sender": _clean(details.sender),
        "link": details.link,
    }
    return Message(
        key=key,
        to=to,
        name=contact.name,
        created=created,
        language=words.language,
        direction=words.direction,
        subject=text.subject % fill,
        lead=text.lead % fill,
        code=details.code,
        code_hint=_("Type this code at the screen of the locker:"),
        qr=details.qr,
        qr_hint=_("Or hold this QR code in front of its scanner:")
        if details.code
        else _("Hold this QR code in front of the scanner of the locker:"),
        hints=tuple(hint % fill for hint in text.hints),
        link=details.link,
        link_hint=_("Choose") if kind == "preferences" else _("Sign in"),
        short=_short(f"{text.subject}. {text.tail}", fill, details),
    )


def until(details: Details, words: Words) -> str:
    """Day and time at the bank, as they are written in this language."""
    zone = ZoneInfo(details.timezone)
    return f"{words.day(details.until, zone)} {words.clock(details.until, zone)}"


def _short(template: str, fill: Mapping[str, str], details: Details) -> str:
    """With site and bank where both fit, else with the bank, cut where even that is too long."""
    whole = gsm.plain(template % fill)
    if (gsm.septets(whole) or 0) <= gsm.SEPTETS:
        return whole
    return gsm.fit(lambda bank: template % {**fill, "place": bank}, _clean(details.bank))


def _ready(details: Details, words: Words) -> _Text:
    _, ngettext, num = words.catalogue.gettext, words.catalogue.ngettext, details.count
    return _Text(
        ngettext("Your parcel is ready: %(place)s", "%(num)s parcels are ready: %(place)s", num),
        ngettext(
            "Your parcel is waiting for you: %(place)s.",
            "%(num)s parcels are waiting for you behind one door: %(place)s.",
            num,
        ),
        (*_from(details, words), _("The time to collect ends on %(until)s."), *_how(details, words)),
        _tail(details, words),
    )


def _reminder(details: Details, words: Words) -> _Text:
    _, ngettext, num = words.catalogue.gettext, words.catalogue.ngettext, details.count
    return _Text(
        ngettext("Your parcel is still waiting: %(place)s", "%(num)s parcels are still waiting: %(place)s", num),
        ngettext(
            "Your parcel is still waiting for you: %(place)s.",
            "%(num)s parcels are still waiting for you behind one door: %(place)s.",
            num,
        ),
        (*_from(details, words), _("The time to collect ends on %(until)s."), *_how(details, words)),
        _tail(details, words),
    )


def _overdue(details: Details, words: Words) -> _Text:
    _, ngettext, num = words.catalogue.gettext, words.catalogue.ngettext, details.count
    gone = _("It may be taken back at any moment. Until then it can still be collected.")
    typed = _("Time is up, but code %(code)s still opens until it is taken back. We never ask you for it.")
    return _Text(
        ngettext("Please collect your parcel now: %(place)s", "Please collect %(num)s parcels now: %(place)s", num),
        ngettext(
            "The time to collect your parcel is over: %(place)s.",
            "The time to collect %(num)s parcels is over: %(place)s.",
            num,
        ),
        (*_from(details, words), gone, *_how(details, words)),
        typed if details.code else gone,
    )


def _taken_back(details: Details, words: Words) -> _Text:
    _, ngettext, num = words.catalogue.gettext, words.catalogue.ngettext, details.count
    shut = _("Your code does not open the door any more. Questions? Please ask the sender.")
    return _Text(
        ngettext("Your parcel goes back: %(place)s", "%(num)s parcels go back: %(place)s", num),
        ngettext(
            "Your parcel can no longer be collected, it goes back to the sender: %(place)s.",
            "%(num)s parcels can no longer be collected, they go back to the sender: %(place)s.",
            num,
        ),
        (*_from(details, words), shut),
        shut,
    )


def _operator_opened(details: Details, words: Words) -> _Text:
    """Here `until` is when it happened."""
    _, ngettext, num = words.catalogue.gettext, words.catalogue.ngettext, details.count
    ask = _("If you did not expect this, please ask the sender.")
    return _Text(
        ngettext(
            "Staff opened the door of your parcel: %(place)s",
            "Staff opened the door of your %(num)s parcels: %(place)s",
            num,
        ),
        ngettext(
            "Somebody who looks after the locker opened the door of your parcel: %(place)s.",
            "Somebody who looks after the locker opened the door of your %(num)s parcels: %(place)s.",
            num,
        ),
        (*_from(details, words), _("That was on %(until)s."), ask),
        ask,
    )


def _spoiled(details: Details, words: Words) -> _Text:
    """Here `until` is when it was found."""
    _ = words.catalogue.gettext
    ask = _("Please do not eat or use what is inside. Questions? Please ask the sender.")
    return _Text(
        _("Something in your parcel may be spoiled: %(place)s"),
        _("Your parcel was too warm, or lay too long, and may be spoiled: %(place)s."),
        (*_from(details, words), _("That was found on %(until)s."), ask),
        ask,
    )


def _sign_in(details: Details, words: Words) -> _Text:
    del details
    _ = words.catalogue.gettext
    once = _("It works once, within ten minutes.")
    return _Text(
        _("Your link to sign in: %(place)s"),
        _("Here is your link to sign in: %(place)s."),
        (once, _("You did not ask for it? Then do nothing: without this link nobody gets in.")),
        once,
    )


def _invitation(details: Details, words: Words) -> _Text:
    del details
    _ = words.catalogue.gettext
    once = _("The link works once, within seven days. After that, ask for a new one on the sign-in page.")
    return _Text(
        _("You are invited: %(place)s"),
        _("You may sign in now to look after the lockers: %(place)s."),
        (once,),
        once,
    )


def _preferences(details: Details, words: Words) -> _Text:
    del details
    _ = words.catalogue.gettext
    return _Text(
        _("How may we tell you? %(place)s"),
        _("Parcels for you come through the lockers of %(place)s. Choose how and when we tell you about them."),
        (
            _("If you choose nothing, we use this address."),
            _("The link works once, within 30 days."),
        ),
        "%(link)s",
    )


def _from(details: Details, words: Words) -> tuple[str, ...]:
    return (words.catalogue.gettext("Sent by %(sender)s."),) if details.sender else ()


def _how(details: Details, words: Words) -> tuple[str, ...]:
    _ = words.catalogue.gettext
    if details.code is None:
        return (_("The digits are switched off after too many wrong tries. The QR code still opens."),)
    return (
        _("No phone is needed: the code is enough. Somebody you trust can collect with it, too."),
        _("We never ask you for this code, and nobody who works for us does."),
    )


def _tail(details: Details, words: Words) -> str:
    _ = words.catalogue.gettext
    if details.code is None:
        return _("Until %(until)s, with the QR code from your e-mail or with help at the locker.")
    return _("Code %(code)s, until %(until)s. No phone needed, just the code. We never ask you for it.")


_TEXTS: Final[Mapping[Kind, Callable[[Details, Words], _Text]]] = {
    "ready_to_collect": _ready,
    "reminder": _reminder,
    "overdue": _overdue,
    "taken_back": _taken_back,
    "operator_opened": _operator_opened,
    "spoiled": _spoiled,
    "sign_in": _sign_in,
    "invitation": _invitation,
    "preferences": _preferences,
}


def _place(details: Details) -> str:
    site, bank = _clean(details.site), _clean(details.bank)
    return bank if site in ("", bank) else f"{site}, {bank}"


def _clean(name: str) -> str:
    """One line, whatever somebody called it."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in name).split())
