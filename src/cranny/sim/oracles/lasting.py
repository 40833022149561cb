"""What has ended never lives again (I11): a delivery that was collected or returned, a grant that was used or that
ended, an occupancy that is over."""

from collections.abc import Hashable, Mapping
from typing import Final

from cranny.sim.oracles.verdicts import Verdicts
from cranny.sim.reference.books import Books

ENDED: Final = frozenset({"collected", "returned", "used", "revoked", "superseded"})


class Lasting:
    """Looks at the server's books behind each commit."""

    def __init__(self, books: Books, verdicts: Verdicts) -> None:
        self._books = books
        self._verdicts = verdicts
        self._ended: dict[tuple[str, Hashable], str] = {}

    def look(self) -> None:
        states: dict[tuple[str, Hashable], str] = {
            ("deliveries", key): str(row.state) for key, row in self._books.deliveries.fresh().items()
        }
        states |= {("grants", key): str(row.state) for key, row in self._books.grants.fresh().items()}
        self._compare(states)
        lying: dict[tuple[str, Hashable], str] = {
            ("lies", key): "live" if row.live else "over" for key, row in self._books.lies.fresh().items()
        }
        self._compare(lying)

    def forget(self) -> None:
        """The server was restored from a copy: it may have to learn an end again."""
        self._ended.clear()

    def _compare(self, states: Mapping[tuple[str, Hashable], str]) -> None:
        for what, state in states.items():
            before = self._ended.get(what)
            if before is not None and state != before:
                self._verdicts.say("I11", f"{what[0]}/{what[1]}", f"it was {before} for good and is {state}")
            if state in ENDED or state == "over":
                self._ended.setdefault(what, state)
