"""The other end of the server's messages: a channel as outreach has them, and in place of a mailbox the people of the
simulation, who read what was sent and know nothing else."""

from collections.abc import Callable

from cranny.outreach import Message
from cranny.people import Contact


class Letterbox:
    def __init__(self, take: Callable[[Message], None]) -> None:
        self._take = take

    def address(self, contact: Contact) -> str | None:
        return contact.email

    async def send(self, message: Message) -> str:
        self._take(message)
        return message.key
