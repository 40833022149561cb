"""What the API's fields of these names mean wherever nothing else is said of them: not at the field, and not in the
docstring of its shape."""

from typing import Final

MEANINGS: Final = {
    # ids and names
    "id": "Its own id.",
    "bank": "The bank's id.",
    "site": "The site's id; null is the whole tenant.",
    "person": "The person's id; null where it is an API key.",
    "delivery": "The delivery's id.",
    "endpoint": "The webhook endpoint's id.",
    "grant": "The id of the right to open.",
    "tenant": "The tenant's id.",
    "key": "The API key's id; null where there is none.",
    "name": "What people call it, or them.",
    "label": "What it is called, for people.",
    "description": "What it is for, in somebody's words.",
    "kind": "Of what kind it is.",
    "state": "Where it stands.",
    "items": "All of them, or those of this page.",
    "subject": "What it is about: a kind and an id, such as `deliveries/…`.",
    "type": "What has happened: a type of docs/events.md.",
    # times
    "created": "When it was made.",
    "changed": "When it was last changed.",
    "ended": "When it was over; null while it is not.",
    "expires": "From when on it is good for nothing; null where it does not expire.",
    "since": "From when on.",
    "until": "Up to when.",
    "at": "When.",
    "timezone": "An IANA time zone, such as `Europe/Prague`.",
    # people
    "email": "Their e-mail address.",
    "phone": "Their telephone number, with the country's code.",
    "language": "The language that they read, as a BCP 47 tag; null where nobody has said.",
    "role": "What somebody may do: docs/people.md has the table. Null is nothing.",
    "roles": "What they may do, and where.",
    "reason": "Why, in somebody's words.",
    "note": "What somebody wrote about it when they saw to it.",
    # other organisations
    "domains": "What stands behind the @ in the addresses of its people.",
    "trusts_email": "Whether the addresses that it names count as verified.",
    "proves": "Whether who has just signed in there has shown who they are.",
    "acr": "How they have to have signed in there for that; empty: in any way.",
    "issuer": "What the other side calls itself: an https address.",
    "client_id": "What we are called over there.",
    "subject_attribute": "The attribute that says who somebody is; empty: the NameID.",
    "email_attribute": "The attribute with the address; empty: the usual ones.",
    # lists of people
    # banks
    "doors": "The labels on the doors.",
    "door": "The label on the door.",
    "generation": "A number that grows with each new use of the door: with its label it names one use.",
    "width": "Inner width in mm.",
    "height": "Inner height in mm.",
    "depth": "Inner depth in mm.",
    "size": "The name of a size class, such as `M`: `GET /v1/size-classes` has them.",
    "features": "What a door has, such as `chilled` or `high-security`.",
    "version": "The version of its program.",
    "count": "How many.",
    # deliveries
    "title": "What people read.",
    "recipient": "Who collects.",
    "requirements": "What the door must offer.",
    "sender": "Whom it comes from, in a word that the recipient knows.",
    "reference": "The sender's own name for it, such as an order number.",
    "tracking": "The number that stands on it and that a courier scans.",
    "weight_g": "Weight in grams.",
    "hold_hours": "For how many hours a place is kept for what was announced.",
    "collect_hours": "For how many hours what was stored waits for its collector.",
    "perishable_hours": "It does not keep: what is not collected within so many hours of its deposit is spoiled.",
    # rights and commands
    "purpose": "What it opens for.",
    # what is measured, and what is wrong
    "unit": "`°C` or `%`; empty for what is only on (1) or off (0).",
    "points": "What was measured, the oldest first.",
    # messages
    "channel": "How messages go out, such as `email` or `sms`.",
    "url": "The address that events are posted to.",
    "types": "Event types, or `delivery.*` for all that begin so; none means every event but `audit.*`.",
    "tries": "How often it was tried.",
    "give_up_at": "When it will not be tried any more.",
    "failures": "How many tries have failed in a row.",
    "done_at": "When it was over; null while it waits.",
    # API keys and problems
    "scopes": "What it may do: areas with `:read` or `:write`, or `all`.",
    "revoked": "When it was revoked; null where it was not.",
}
