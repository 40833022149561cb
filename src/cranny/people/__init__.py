"""Floor 3: persons, how to reach them, what their roles let them do, and how they sign in. Personal data stays in this
room's rows: never in events, never in logs."""

from cranny.people.codes import address as code_address
from cranny.people.codes import begin_code, forget_code, has_code, take_code
from cranny.people.contacts import Contact, normal_language
from cranny.people.inviting import INVITED, LINK_ASKED, ask_link, ask_link_of, invite
from cranny.people.leaving import MOVED_OUT, move_out
from cranny.people.links import FOUNDING, GOOD_FOR, INVITATION, LINK, found, make_link
from cranny.people.lists.following import Asked as ListAsked
from cranny.people.lists.following import Report as ListReport
from cranny.people.lists.following import follow as follow_list
from cranny.people.lists.following import read_sheet
from cranny.people.lists.reading import MOST_BYTES as LIST_MOST_BYTES
from cranny.people.lists.reading import Encoding as ListEncoding
from cranny.people.own import FEATURE
from cranny.people.passkeys import Answer as PasskeyAnswer
from cranny.people.passkeys import Begun as PasskeyBegun
from cranny.people.passkeys import Site as PasskeySite
from cranny.people.passkeys import begin_making, begin_showing, forget_passkey, passkeys
from cranny.people.passkeys import make as make_passkey
from cranny.people.passkeys import show as show_passkey
from cranny.people.passkeys import whose as whose_passkey
from cranny.people.remember import contact, contacts, forget, remember
from cranny.people.roles import give, members, memberships, rights, set_all, take
from cranny.people.sessions import Holder
from cranny.people.sessions import begin as begin_session
from cranny.people.sessions import end as end_session
from cranny.people.sessions import end_all as end_sessions
from cranny.people.sessions import live as live_sessions
from cranny.people.sessions import prove as prove_session
from cranny.people.tables import How
from cranny.people.visitors import Visitors, agent

__all__ = [
    "FEATURE",
    "FOUNDING",
    "GOOD_FOR",
    "INVITATION",
    "INVITED",
    "LINK",
    "LINK_ASKED",
    "LIST_MOST_BYTES",
    "MOVED_OUT",
    "Contact",
    "Holder",
    "How",
    "ListAsked",
    "ListEncoding",
    "ListReport",
    "PasskeyAnswer",
    "PasskeyBegun",
    "PasskeySite",
    "Visitors",
    "agent",
    "ask_link",
    "ask_link_of",
    "begin_code",
    "begin_making",
    "begin_session",
    "begin_showing",
    "code_address",
    "contact",
    "contacts",
    "end_session",
    "end_sessions",
    "follow_list",
    "forget",
    "forget_code",
    "forget_passkey",
    "found",
    "give",
    "has_code",
    "invite",
    "live_sessions",
    "make_link",
    "make_passkey",
    "members",
    "memberships",
    "move_out",
    "normal_language",
    "passkeys",
    "prove_session",
    "read_sheet",
    "remember",
    "rights",
    "set_all",
    "show_passkey",
    "take",
    "take_code",
    "whose_passkey",
]
