"""What the page that describes the API is given."""

import msgspec

Spans = tuple[tuple[bool, str], ...]
"""A sentence in parts, each with whether it is code."""


class Made(msgspec.Struct, frozen=True):
    """What may stand somewhere: `words`, the name of the `shape` that it is or is made of, or null."""

    words: str = ""
    shape: str = ""
    null: bool = False


class ApiField(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a shape, or a parameter: then `where` is path, query, header or cookie."""

    name: str
    where: str = ""
    made: Made
    required: bool
    about: Spans


class ApiShape(msgspec.Struct, frozen=True, kw_only=True):
    """What goes in or comes out. `values` are all there are of an enumeration."""

    name: str
    about: tuple[Spans, ...]
    values: tuple[str, ...]
    fields: tuple[ApiField, ...]


class ApiCall(msgspec.Struct, frozen=True, kw_only=True):
    """One operation. `about` are paragraphs; `body` and `answer` are examples, "" where there is none; `answers` are
    statuses and what they mean."""

    id: str
    method: str
    path: str
    about: tuple[Spans, ...]
    public: bool
    fields: tuple[ApiField, ...]
    takes: Made
    gives: Made
    body: str
    answers: tuple[tuple[str, Spans], ...]
    answer: str


class ApiGroup(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    calls: tuple[ApiCall, ...]
