"""Floor 3: persons and how to reach them. Personal data stays in this room's rows: never in events, never in logs."""

from cranny.people.contacts import Contact, normal_language
from cranny.people.own import FEATURE
from cranny.people.remember import contact, contacts, forget, remember

__all__ = ["FEATURE", "Contact", "contact", "contacts", "forget", "normal_language", "remember"]
