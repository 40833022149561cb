"""Where a running engine answers."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """Each DSN is `postgresql://…`. `owner_dsn` owns the schema and is for migrations only, `app_dsn` obeys row-level
    security and is for everything else. `admin_dsn` (superuser) exists where Cranny runs the server itself: for tests
    and backups, never for requests."""

    owner_dsn: str = field(repr=False)
    app_dsn: str = field(repr=False)
    admin_dsn: str | None = field(default=None, repr=False)
    port: int | None = None
    """The TCP port on 127.0.0.1, where one was asked for."""


@dataclass(frozen=True, slots=True)
class NatsAddress:
    url: str
    port: int


@dataclass(frozen=True, slots=True)
class TlsFiles:
    certificate: Path
    key: Path
    authority: Path | None = None
    """Set: clients must show a certificate of this authority."""


@dataclass(frozen=True, slots=True)
class NatsConfig:
    """`users` are public user keys (`U…`) of our own processes. With an `issuer` (public account key, `A…`) everybody
    else is asked about through the auth callout; without one, `users` are all there are."""

    users: list[str]
    issuer: str | None = None
    host: str = "127.0.0.1"
    port: int = 0
    """0 takes the port of the last run in the same directory, at the first run any free one; the address tells
    which."""
    tls: TlsFiles | None = None
    max_payload: int = 4 * 1024 * 1024

    def demands(self) -> dict[str, object]:
        """What any server has to be configured with that is to work with us, in NATS's own words."""
        authorization: dict[str, object] = {"users": [{"nkey": user} for user in self.users]}
        if self.issuer:
            authorization["auth_callout"] = {"issuer": self.issuer, "auth_users": self.users}
        return {"max_payload": self.max_payload, "authorization": authorization}
