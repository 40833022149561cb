"""What an audit finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that does not hold: which one (`I2`), for what (`banks/<id>/doors/07`), and how it shows."""

    invariant: str
    subject: str
    detail: str
