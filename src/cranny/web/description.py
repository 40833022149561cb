"""The description of the API, complete as soon as somebody asks for it: it takes as long to make as all the rest of the
application, and most applications are never asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import OpenAPI

Finish = Callable[[OpenAPI], None]
"""Adds to a description what Litestar does not say."""


class Description(OpenAPI):
    """Litestar's, and what still has to be added to it."""

    left: Sequence[Finish] = ()

    def finish(self) -> None:
        left, self.left = self.left, ()
        for add in left:
            add(self)

    def to_schema(self) -> dict[str, object]:
        self.finish()
        return super().to_schema()


@dataclass
class Described(OpenAPIConfig):
    """The settings of a description that is finished by `finishes`, in this order."""

    finishes: Sequence[Finish] = field(default_factory=list)

    def to_openapi_schema(self) -> OpenAPI:
        made = Description(**vars(super().to_openapi_schema()))
        made.left = self.finishes
        return made


def make(app: Litestar) -> None:
    """Now, so that no request has to wait for it."""
    document = app.openapi_schema
    if isinstance(document, Description):
        document.finish()
