"""What the pages about people's data show: facts and ids, no sentences."""

from datetime import datetime

from cranny.ui.models import View


class FlawLine(View, frozen=True):
    """What is wrong in `line` and `column` of a list; `message` is the API's sentence, for what has no other here."""

    line: int
    column: str
    code: str
    message: str


class ListLine(View, frozen=True):
    """A list that was followed: how many are in it, and when that was last."""

    name: str
    people: int
    followed: datetime


class ImportView(View, frozen=True):
    """What was asked for, and what it came to where a file was looked at. `kept` is the file itself, for the next step:
    the server keeps none. `counts` are (new, changed, out, unchanged)."""

    roles: tuple[str, ...]
    places: tuple[tuple[str, str], ...]
    lists: tuple[ListLine, ...] = ()
    name: str = "residents"
    role: str = ""
    site: str = ""
    full: bool = False
    invite: bool = False
    kept: str = ""
    lines: int = 0
    encoding: str = ""
    guessed: bool = False
    ignored: tuple[str, ...] = ()
    counts: tuple[int, int, int, int] = (0, 0, 0, 0)
    wrong: int = 0
    flaws: tuple[FlawLine, ...] = ()
    done: bool = False


class ProviderLine(View, frozen=True):
    """An organisation that vouches for people. `issuer` is what it calls itself: by SAML its entityID. `entity_id` is
    what we are called over there, by SAML."""

    id: str
    name: str
    issuer: str
    domains: tuple[str, ...]
    role: str = ""
    place: str = ""
    proves: bool = False
    redirect_uri: str = ""
    entity_id: str = ""
    saml: bool = False


class ProvidersView(View, frozen=True):
    providers: tuple[ProviderLine, ...]
    roles: tuple[str, ...]
    places: tuple[tuple[str, str], ...]
    may_edit: bool = False


class GroupLine(View, frozen=True):
    """A group of another system, and what its members are here."""

    id: str
    name: str
    members: int
    role: str = ""
    site: str = ""


class GroupsView(View, frozen=True):
    """`known` is false where the extra for such systems is not installed."""

    groups: tuple[GroupLine, ...]
    roles: tuple[str, ...]
    places: tuple[tuple[str, str], ...]
    may_edit: bool = False
    known: bool = True


class KindLine(View, frozen=True):
    """A kind of data and how many days it is kept; `about` is the API's sentence, for what has no other here."""

    kind: str
    about: str
    days: int
    proposed: int
    least: int
    most: int


class PrivacyView(View, frozen=True):
    kinds: tuple[KindLine, ...]
    ask: bool = False
    may_edit: bool = False
    may_find: bool = False


class PersonalView(View, frozen=True):
    """One person, for whoever hands their data out or erases it. `holds` are the API's sentences on what has to end
    first."""

    id: str
    name: str
    email: str
    phone: str
    roles: tuple[str, ...] = ()
    own: bool = False
    may_erase: bool = False
    holds: tuple[str, ...] = ()
