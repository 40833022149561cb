"""What a provider says of somebody, once it is believed."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Claims:
    """What a provider says of somebody. `email` is what it names, `verified` whether it says that it was; None where it
    says nothing."""

    subject: str
    email: str | None
    verified: bool | None
    name: str | None
    auth_time: datetime | None
    acr: str

    def __repr__(self) -> str:
        """Nothing personal, wherever it is printed."""
        return "Claims(…)"
