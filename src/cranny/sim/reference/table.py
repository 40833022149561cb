"""Tables in memory with transactions: what is written is seen inside at once, outside when it is committed, and
never when it is not."""

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Table(Generic[K, V]):
    """`kept` is what is committed. Rows are never removed."""

    def __init__(self) -> None:
        self.kept: dict[K, V] = {}
        self._open: list[dict[K, V]] = []
        self._fresh: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        for written in reversed(self._open):
            if key in written:
                return written[key]
        return self.kept.get(key)

    def must(self, key: K) -> V:
        """Raises KeyError."""
        found = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def put(self, key: K, value: V) -> None:
        """Only inside a transaction."""
        self._open[-1][key] = value

    def items(self) -> list[tuple[K, V]]:
        """As the transaction sees them: the oldest first."""
        return list(self._merged().items())

    def values(self) -> list[V]:
        return list(self._merged().values())

    def fresh(self) -> dict[K, V]:
        """What the last commit has written."""
        return self._fresh

    def begin(self) -> None:
        """A transaction, or a savepoint in one."""
        self._open.append({})

    def commit(self) -> None:
        written = self._open.pop()
        if self._open:
            self._open[-1].update(written)
            return
        self.kept.update(written)
        self._fresh = written

    def rollback(self) -> None:
        self._open.pop()

    def _merged(self) -> dict[K, V]:
        merged = dict(self.kept)
        for written in self._open:
            merged.update(written)
        return merged
