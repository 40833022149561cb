"""Every subject, once. A bank may publish below `up` and listen below `down` of its own name only."""

import re
from uuid import UUID

from cranny.core.errors import Invalid

ROOT = "cranny"
_OWNED = re.compile(rf"{ROOT}\.([0-9a-f]{{32}})\.([0-9a-f]{{32}})\.(?:up|down)\.")


def below(tenant: UUID, bank: UUID) -> str:
    """What a bank's own subjects begin with."""
    return f"{ROOT}.{tenant.hex}.{bank.hex}"


def inbox(bank: UUID) -> str:
    """The prefix of the subjects on which a bank hears answers: nobody else may listen there."""
    return f"_INBOX_{bank.hex}"


def may_answer(subject: str, reply: str) -> bool:
    """Whether `reply` is where who asked on `subject` hears its answers. The asker names it, and the broker does not
    check it: without this a bank could let the server speak for it where it may not publish itself."""
    asked = _OWNED.match(subject)
    return asked is None or reply.startswith(("_INBOX.", f"_INBOX_{asked[2]}."))


def facts(tenant: UUID, bank: UUID) -> str:
    """Request with a signed FactBatch, reply with a signed answer (`acks`) after the commit."""
    return f"{below(tenant, bank)}.up.facts"


def beat(tenant: UUID, bank: UUID) -> str:
    return f"{below(tenant, bank)}.up.beat"


def pull(tenant: UUID, bank: UUID) -> str:
    """Request with a signed Pull, reply with a signed Downlink."""
    return f"{below(tenant, bank)}.up.pull"


def poke(tenant: UUID, bank: UUID) -> str:
    """Tells a bank that there is something to pull. A lost one is made good by the next beat."""
    return f"{below(tenant, bank)}.down.poke"


def command(tenant: UUID, bank: UUID) -> str:
    """Request with a signed Command, reply with a signed CommandReply. At most once, now or never."""
    return f"{below(tenant, bank)}.down.command"


def log(tenant: UUID) -> str:
    """Tells the server's own processes that the tenant's log has grown."""
    return f"{ROOT}.{tenant.hex}.log"


def outbox(tenant: UUID) -> str:
    """Tells the sequencer that events of this tenant wait for their position."""
    return f"{ROOT}.{tenant.hex}.outbox"


ANY_FACTS = f"{ROOT}.*.*.up.facts"
ANY_BEAT = f"{ROOT}.*.*.up.beat"
ANY_PULL = f"{ROOT}.*.*.up.pull"
ANY_LOG = f"{ROOT}.*.log"
ANY_OUTBOX = f"{ROOT}.*.outbox"


def owner(subject: str) -> tuple[UUID, UUID]:
    """(tenant, bank) of a bank's subject. Raises Invalid, code `subject-invalid`, when it is none."""
    named = _OWNED.match(subject)
    if named is None:
        raise Invalid(f"{subject!r} is not a bank's subject.", code="subject-invalid")
    return UUID(hex=named[1]), UUID(hex=named[2])
