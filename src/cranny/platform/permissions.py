"""Who may do what: the one table. Pure.

A person or key has roles, each for the whole tenant or for one site. A role lets somebody do an action to `all`
things there, or only to those that are their `own`. What is in no row is not allowed. `docs/people.md` prints this
table, and a test walks it over every route.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID


class Role(StrEnum):
    """What somebody may do: docs/people.md has the table."""

    ADMIN = "admin"
    OPERATOR = "operator"
    TECHNICIAN = "technician"
    COURIER = "courier"
    CLERK = "clerk"
    LIBRARIAN = "librarian"
    RESIDENT = "resident"
    RECIPIENT = "recipient"
    INTEGRATOR = "integrator"
    AUDITOR = "auditor"


class Action(StrEnum):
    """`<what>.<deed>`. The scopes of keys are coarser and stand in `scopes.py`."""

    CATALOGUE_READ = "catalogue.read"
    CATALOGUE_EDIT = "catalogue.edit"
    BANKS_READ = "banks.read"
    BANKS_EDIT = "banks.edit"
    BANKS_ENROL = "banks.enrol"
    DELIVERIES_READ = "deliveries.read"
    DELIVERIES_EDIT = "deliveries.edit"
    DELIVERIES_READDRESS = "deliveries.readdress"
    GRANTS_READ = "grants.read"
    GRANTS_REVEAL = "grants.reveal"
    GRANTS_EDIT = "grants.edit"
    COMMANDS_READ = "commands.read"
    COMMANDS_ASK = "commands.ask"
    COMMANDS_AGREE = "commands.agree"
    TROUBLE_READ = "trouble.read"
    TROUBLE_SETTLE = "trouble.settle"
    NOTICES_READ = "notices.read"
    EVENTS_READ = "events.read"
    PEOPLE_READ = "people.read"
    PEOPLE_EDIT = "people.edit"
    PEOPLE_PROVISION = "people.provision"
    """By a list or by another system. A key does it only by its scope of that name."""
    PREFERENCES_READ = "preferences.read"
    PREFERENCES_EDIT = "preferences.edit"
    PERSONAL_EXPORT = "personal.export"
    PERSONAL_ERASE = "personal.erase"
    FACE_ENROL = "face.enrol"
    """One's own, and nobody else's."""
    FACE_FORGET = "face.forget"
    PRIVACY_READ = "privacy.read"
    PRIVACY_EDIT = "privacy.edit"
    SESSIONS_READ = "sessions.read"
    SESSIONS_END = "sessions.end"
    SESSIONS_LINK = "sessions.link"
    SIGN_IN_READ = "sign-in.read"
    """Which other organisations vouch for people."""
    SIGN_IN_EDIT = "sign-in.edit"
    SELF = "self"
    SELF_PROOFS = "self.proofs"
    KEYS_READ = "keys.read"
    KEYS_EDIT = "keys.edit"
    WEBHOOKS_READ = "webhooks.read"
    WEBHOOKS_EDIT = "webhooks.edit"


class Reach(StrEnum):
    OWN = "own"
    """What concerns this very person."""
    ALL = "all"
    """Everything of the tenant, or of the site that the role is for."""


_R = Role
_STAFF: Final = (_R.ADMIN, _R.OPERATOR, _R.TECHNICIAN, _R.CLERK, _R.LIBRARIAN)
_WATCHING: Final = (_R.INTEGRATOR, _R.AUDITOR)
_DESK: Final = (_R.ADMIN, _R.OPERATOR, _R.CLERK, _R.INTEGRATOR)
_HANDS: Final = (_R.ADMIN, _R.OPERATOR, _R.TECHNICIAN)
_GUESTS: Final = (_R.RESIDENT, _R.RECIPIENT)
_A = Action

ALL: Final[Mapping[Action, tuple[Role, ...]]] = {
    _A.CATALOGUE_READ: (*_STAFF, _R.COURIER, *_WATCHING),
    _A.CATALOGUE_EDIT: (_R.ADMIN, _R.INTEGRATOR),
    _A.BANKS_READ: (*_STAFF, _R.COURIER, *_WATCHING),
    _A.BANKS_EDIT: (_R.ADMIN, _R.INTEGRATOR),
    _A.BANKS_ENROL: (_R.ADMIN, _R.TECHNICIAN, _R.INTEGRATOR),
    _A.DELIVERIES_READ: (*_DESK, _R.AUDITOR),
    _A.DELIVERIES_EDIT: _DESK,
    _A.DELIVERIES_READDRESS: _DESK,
    _A.GRANTS_READ: (*_DESK, _R.AUDITOR),
    _A.GRANTS_REVEAL: _DESK,
    _A.GRANTS_EDIT: _DESK,
    _A.COMMANDS_READ: (*_HANDS, *_WATCHING),
    _A.COMMANDS_ASK: _HANDS,
    _A.COMMANDS_AGREE: _HANDS,
    _A.TROUBLE_READ: (*_HANDS, *_WATCHING),
    _A.TROUBLE_SETTLE: _HANDS,
    _A.NOTICES_READ: (*_DESK, _R.AUDITOR),
    _A.EVENTS_READ: (_R.ADMIN, _R.OPERATOR, *_WATCHING),
    _A.PEOPLE_READ: (_R.ADMIN, _R.AUDITOR),
    _A.PEOPLE_EDIT: (_R.ADMIN,),
    _A.PEOPLE_PROVISION: (_R.ADMIN,),
    _A.PREFERENCES_READ: (*_DESK, _R.AUDITOR),
    _A.PREFERENCES_EDIT: _DESK,
    _A.PERSONAL_EXPORT: (_R.ADMIN, _R.INTEGRATOR),
    _A.PERSONAL_ERASE: (_R.ADMIN, _R.INTEGRATOR),
    _A.FACE_ENROL: (),
    _A.FACE_FORGET: (_R.ADMIN, _R.INTEGRATOR),
    _A.PRIVACY_READ: (_R.ADMIN, *_WATCHING),
    _A.PRIVACY_EDIT: (_R.ADMIN,),
    _A.SESSIONS_READ: (_R.ADMIN, _R.AUDITOR),
    _A.SESSIONS_END: (_R.ADMIN,),
    _A.SESSIONS_LINK: (_R.ADMIN, _R.OPERATOR, _R.INTEGRATOR),
    _A.SIGN_IN_READ: (_R.ADMIN, _R.AUDITOR),
    _A.SIGN_IN_EDIT: (_R.ADMIN,),
    _A.SELF: (),
    _A.SELF_PROOFS: (),
    _A.KEYS_READ: (_R.ADMIN, *_WATCHING),
    _A.KEYS_EDIT: (_R.ADMIN, _R.INTEGRATOR),
    _A.WEBHOOKS_READ: (_R.ADMIN, *_WATCHING),
    _A.WEBHOOKS_EDIT: (_R.ADMIN, _R.INTEGRATOR),
}
"""Which roles may do it to everything."""

OWN: Final[Mapping[Action, tuple[Role, ...]]] = {
    _A.CATALOGUE_READ: _GUESTS,
    _A.DELIVERIES_READ: _GUESTS,
    _A.PEOPLE_READ: tuple(Role),
    _A.PREFERENCES_READ: tuple(Role),
    _A.PREFERENCES_EDIT: tuple(Role),
    _A.PERSONAL_EXPORT: tuple(Role),
    _A.FACE_ENROL: tuple(Role),
    _A.FACE_FORGET: tuple(Role),
    _A.SESSIONS_READ: tuple(Role),
    _A.SESSIONS_END: tuple(Role),
    _A.SELF: tuple(Role),
    _A.SELF_PROOFS: tuple(Role),
}
"""Which may do it to what is their own."""

TABLE: Final[Mapping[Role, Mapping[Action, Reach]]] = {
    role: {
        **{action: Reach.OWN for action, roles in OWN.items() if role in roles},
        **{action: Reach.ALL for action, roles in ALL.items() if role in roles},
    }
    for role in Role
}
"""role x action → reach: what everything below and the tests go by."""

TENANT_WIDE: Final = frozenset({_A.CATALOGUE_READ, _A.SELF, _A.SELF_PROOFS})
"""What belongs to no site and harms none: a role for one site may do it, too."""

OF_THE_TENANT: Final = frozenset({_A.SIGN_IN_READ, _A.SIGN_IN_EDIT})
"""What no role for one site reaches. Who is vouched for gets in everywhere: that a provider's people get a role at this
site does not make it this site's."""

STEP_UP: Final = frozenset(
    {
        _A.COMMANDS_ASK,
        _A.COMMANDS_AGREE,
        _A.GRANTS_REVEAL,
        _A.GRANTS_EDIT,
        _A.DELIVERIES_READDRESS,
        _A.BANKS_ENROL,
        _A.WEBHOOKS_EDIT,
        _A.PEOPLE_EDIT,
        _A.PEOPLE_PROVISION,
        _A.PERSONAL_EXPORT,
        _A.PERSONAL_ERASE,
        _A.FACE_ENROL,
        _A.PRIVACY_EDIT,
        _A.SIGN_IN_EDIT,
        _A.KEYS_EDIT,
        _A.SELF_PROOFS,
    }
)
"""What a person does only who has just shown again that it is them: doors, codes (also by letting somebody else
collect), keys, powers, and where data goes."""

OF_A_PLAIN_KEY: Final = frozenset({Role.OPERATOR, Role.INTEGRATOR})
"""What a key may do that says nothing of roles."""


@dataclass(frozen=True, slots=True)
class Membership:
    """`site` is None for the whole tenant."""

    role: Role
    site: UUID | None = None


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody's roles come to."""

    memberships: frozenset[Membership] = field(default_factory=frozenset)
    beside: frozenset[Action] = field(default_factory=frozenset)
    """What somebody may do in the whole tenant by no role: a key with a scope of its own for it."""

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(one.role for one in self.memberships)

    def may(self, action: Action) -> "Allowed":
        """How far `action` reaches for them."""
        by = [(TABLE[one.role].get(action), one.site) for one in self.memberships]
        everywhere = action in TENANT_WIDE
        return Allowed(
            tenant=action in self.beside
            or any(reach is Reach.ALL and (site is None or everywhere) for reach, site in by),
            sites=frozenset(
                site for reach, site in by if reach is Reach.ALL and site is not None and action not in OF_THE_TENANT
            ),
            own=any(one.role in OWN.get(action, ()) for one in self.memberships),
        )


@dataclass(frozen=True, slots=True)
class Allowed:
    """An action is allowed in the whole `tenant`, at `sites`, or on what is one's `own`; or not at all."""

    tenant: bool = False
    sites: frozenset[UUID] = frozenset()
    own: bool = False

    @property
    def where(self) -> frozenset[UUID] | None:
        """The sites it is allowed at; None for all of the tenant's."""
        return None if self.tenant else self.sites

    def at(self, site: UUID) -> bool:
        """Whether it is, for everything at `site`."""
        return self.tenant or site in self.sites

    def __bool__(self) -> bool:
        return self.tenant or bool(self.sites) or self.own


def rights(roles: Iterable[Role]) -> Rights:
    """`roles` for the whole tenant."""
    return Rights(frozenset(Membership(role) for role in roles))
