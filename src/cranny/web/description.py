"""The description of the API, complete when somebody asks for it: it takes as long to make as all the rest of the
application, and most applications are never asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import OpenAPI

Finish = Callable[[OpenAPI], None]
"""Adds to a description what Litestar does not say."""


class Description(OpenAPI):
    """Litestar's, and what is added to it before it is told. A mistake in that is told each time."""

    finishes: Sequence[Finish] = ()
    told: dict[str, object] | None = None

    def to_schema(self) -> dict[str, object]:
        if self.told is None:
            for add in self.finishes:
                add(self)
            self.told = super().to_schema()
        return self.told


@dataclass
class Described(OpenAPIConfig):
    """The settings of a description that is finished by `finishes`, in this order."""

    finishes: Sequence[Finish] = field(default_factory=list)

    def to_openapi_schema(self) -> OpenAPI:
        made = Description(**vars(super().to_openapi_schema()))
        made.finishes = self.finishes
        return made


def make(app: Litestar) -> None:
    """Now, so that no request has to wait for it."""
    app.openapi_schema.to_schema()
