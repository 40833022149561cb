"""What the page that describes the API is given."""

import msgspec

Spans = tuple[tuple[bool, str], ...]
"""A sentence in parts, each with whether it is code."""


class ApiField(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter. `where` is path, query, header or cookie; `kind` what may stand there."""

    name: str
    where: str
    kind: str
    required: bool
    about: Spans


class ApiCall(msgspec.Struct, frozen=True, kw_only=True):
    """One operation. `about` are paragraphs; `body` and `answer` are examples, "" where there is none; `answers` are
    statuses and what they mean."""

    id: str
    method: str
    path: str
    about: tuple[Spans, ...]
    public: bool
    fields: tuple[ApiField, ...]
    body: str
    answers: tuple[tuple[str, str], ...]
    answer: str


class ApiGroup(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    calls: tuple[ApiCall, ...]
