"""Floor 3: persons, how to reach them, what their roles let them do, and how they sign in. Personal data stays in this
room's rows: never in events, never in logs."""

from cranny.people.abroad import Ways
from cranny.people.abroad import proving as proving_providers
from cranny.people.codes import address as code_address
from cranny.people.codes import begin_code, forget_code, has_code, take_code
from cranny.people.contacts import Contact, normal_language
from cranny.people.inviting import INVITED, LINK_ASKED, ask_link, ask_link_of, invite
from cranny.people.leaving import MOVED_OUT, move_out
from cranny.people.links import CHOICE, FOUNDING, GOOD_FOR, INVITATION, LINK, found, make_link
from cranny.people.lists.following import Asked as ListAsked
from cranny.people.lists.following import Report as ListReport
from cranny.people.lists.following import follow as follow_list
from cranny.people.lists.following import is_name as is_list_name
from cranny.people.lists.following import lists as known_lists
from cranny.people.lists.following import read_sheet
from cranny.people.lists.reading import MOST_BYTES as LIST_MOST_BYTES
from cranny.people.lists.reading import Encoding as ListEncoding
from cranny.people.oidc.api import ProviderAsked
from cranny.people.oidc.providers import add as add_provider
from cranny.people.oidc.providers import providers
from cranny.people.oidc.providers import remove as remove_provider
from cranny.people.own import FEATURE, organisations, saml_sign_in_providers, scim_groups, sign_in_providers
from cranny.people.passkeys import Answer as PasskeyAnswer
from cranny.people.passkeys import Begun as PasskeyBegun
from cranny.people.passkeys import Site as PasskeySite
from cranny.people.passkeys import begin_making, begin_showing, forget_passkey, passkeys
from cranny.people.passkeys import make as make_passkey
from cranny.people.passkeys import show as show_passkey
from cranny.people.passkeys import whose as whose_passkey
from cranny.people.personal import hold_idle, idle, let_go
from cranny.people.preferring import ASKED as PREFERENCES_ASKED
from cranny.people.preferring import (
    Preferences,
    Quiet,
    ask_new,
    consent,
    consents,
    low_doors,
    prefer,
    preferences,
    stop,
)
from cranny.people.preferring import ask as ask_preferences
from cranny.people.preferring import clock as quiet_clock
from cranny.people.preferring import minutes as quiet_minutes
from cranny.people.remember import Remembered, contact, contacts, known_by, lock, remember, remembered
from cranny.people.roles import give, members, memberships, rights, set_all, take
from cranny.people.saml.api import LONGEST as SAML_METADATA_LONGEST
from cranny.people.saml.api import SamlProviderAsked
from cranny.people.saml.api import said as saml_said
from cranny.people.saml.providers import add as add_saml_provider
from cranny.people.saml.providers import providers as saml_providers
from cranny.people.saml.providers import remove as remove_saml_provider
from cranny.people.saml.signing import LONGEST as SAML_LONGEST
from cranny.people.sessions import Holder
from cranny.people.sessions import begin as begin_session
from cranny.people.sessions import end as end_session
from cranny.people.sessions import end_all as end_sessions
from cranny.people.sessions import end_any as end_any_session
from cranny.people.sessions import live as live_sessions
from cranny.people.sessions import prove as prove_session
from cranny.people.sessions import prove_of as prove_session_of
from cranny.people.tables import How
from cranny.people.visitors import Visitors, agent
from cranny.people.vouching.begun import Came as CameBack
from cranny.people.within import insist_known, insist_on
from cranny.people.within import shown as roles_shown

__all__ = [
    "CHOICE",
    "FEATURE",
    "FOUNDING",
    "GOOD_FOR",
    "INVITATION",
    "INVITED",
    "LINK",
    "LINK_ASKED",
    "LIST_MOST_BYTES",
    "MOVED_OUT",
    "PREFERENCES_ASKED",
    "SAML_LONGEST",
    "SAML_METADATA_LONGEST",
    "CameBack",
    "Contact",
    "Holder",
    "How",
    "ListAsked",
    "ListEncoding",
    "ListReport",
    "PasskeyAnswer",
    "PasskeyBegun",
    "PasskeySite",
    "Preferences",
    "ProviderAsked",
    "Quiet",
    "Remembered",
    "SamlProviderAsked",
    "Visitors",
    "Ways",
    "add_provider",
    "add_saml_provider",
    "agent",
    "ask_link",
    "ask_link_of",
    "ask_new",
    "ask_preferences",
    "begin_code",
    "begin_making",
    "begin_session",
    "begin_showing",
    "code_address",
    "consent",
    "consents",
    "contact",
    "contacts",
    "end_any_session",
    "end_session",
    "end_sessions",
    "follow_list",
    "forget_code",
    "forget_passkey",
    "found",
    "give",
    "has_code",
    "hold_idle",
    "idle",
    "insist_known",
    "insist_on",
    "invite",
    "is_list_name",
    "known_by",
    "known_lists",
    "let_go",
    "live_sessions",
    "lock",
    "low_doors",
    "make_link",
    "make_passkey",
    "members",
    "memberships",
    "move_out",
    "normal_language",
    "organisations",
    "passkeys",
    "prefer",
    "preferences",
    "prove_session",
    "prove_session_of",
    "providers",
    "proving_providers",
    "quiet_clock",
    "quiet_minutes",
    "read_sheet",
    "remember",
    "remembered",
    "remove_provider",
    "remove_saml_provider",
    "rights",
    "roles_shown",
    "saml_providers",
    "saml_said",
    "saml_sign_in_providers",
    "scim_groups",
    "set_all",
    "show_passkey",
    "sign_in_providers",
    "stop",
    "take",
    "take_code",
    "whose_passkey",
]
