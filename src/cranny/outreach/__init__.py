"""Floor 4: messages to people. Knows how to say things and by which way; what to say, and when, use cases decide.

It is a stranger to access: codes are handed to it by whoever may read them, and leave it sealed or towards the
recipient only.
"""

from cranny.outreach.channels import Channel, Message, addresses
from cranny.outreach.channels import configured as channel_names
from cranny.outreach.lifecycle import NOTICE, Notice
from cranny.outreach.own import FEATURE
from cranny.outreach.personal import forget_about
from cranny.outreach.sending import send_job
from cranny.outreach.tables import Kind, NoticeRow
from cranny.outreach.telling import SEND, Telling, tell, told, withdraw
from cranny.outreach.texts import Details

__all__ = [
    "FEATURE",
    "NOTICE",
    "SEND",
    "Channel",
    "Details",
    "Kind",
    "Message",
    "Notice",
    "NoticeRow",
    "Telling",
    "addresses",
    "channel_names",
    "forget_about",
    "send_job",
    "tell",
    "told",
    "withdraw",
]
