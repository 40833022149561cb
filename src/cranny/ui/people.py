"""What the pages about people show: facts and ids, no sentences."""

from datetime import datetime

from cranny.ui.models import View


class SessionLine(View, frozen=True):
    """A browser that is signed in. `own`: the one that looks."""

    id: str
    browser: str
    how: str
    seen: datetime
    created: datetime
    own: bool = False


class PasskeyLine(View, frozen=True):
    id: str
    label: str
    created: datetime
    used: datetime | None
    synced: bool = False


class OwnView(View, frozen=True):
    """What is one's own. Without a `person` it is a session of an API key. `app`: a code app is set up. `wrong`: the
    code that was just typed is not the app's."""

    sessions: tuple[SessionLine, ...]
    person: str = ""
    id: str = ""
    email: str = ""
    roles: tuple[str, ...] = ()
    passkeys: tuple[PasskeyLine, ...] = ()
    app: bool = False
    admin: bool = False
    wrong: bool = False


class RoleLine(View, frozen=True):
    """A role for one `site`, called `place`, or for the whole tenant where both are empty."""

    role: str
    site: str = ""
    place: str = ""


class PersonLine(View, frozen=True):
    """Somebody with a role. `seen`: when a browser of theirs that is signed in was last used."""

    id: str
    name: str
    email: str
    roles: tuple[RoleLine, ...]
    seen: datetime | None = None
    own: bool = False


class PeopleView(View, frozen=True):
    """`places` are (id, name) of sites; `everywhere`: whoever looks gives roles for the whole tenant, too."""

    people: tuple[PersonLine, ...]
    places: tuple[tuple[str, str], ...]
    roles: tuple[str, ...]
    may_edit: bool = False
    everywhere: bool = True
