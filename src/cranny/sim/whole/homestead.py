"""The database of one life. Its backup is a copy of it, made while nobody is connected."""

from cranny.sim.whole.ground import Ground
from cranny.sim.whole.outside import Outside


class Homestead:
    def __init__(self, outside: Outside, ground: Ground, name: str) -> None:
        self.outside = outside
        self._name = name
        self._copy = f"{name}_copy"
        self._ground = ground
        outside.wait(ground.copy(ground.template, name))

    @property
    def app_dsn(self) -> str:
        """For the server."""
        return self._ground.app(self._name)

    @property
    def admin_dsn(self) -> str:
        """For whoever looks at everything."""
        return self._ground.admin(self._name)

    def back_up(self) -> None:
        """When nobody is connected."""
        self.outside.wait(self._ground.copy(self._name, self._copy))

    def go_back(self) -> None:
        """To what it was at the last `back_up`, which stays. When nobody is connected."""
        self.outside.wait(self._ground.copy(self._copy, self._name))

    def leave(self) -> None:
        self.outside.wait(self._ground.drop(self._name, self._copy))
