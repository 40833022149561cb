"""Where PostgreSQL and NATS are: configured, already started by another `cranny`, or started here."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import nkeys

from cranny.apps.master import read_or_make_master
from cranny.apps.settings import Settings
from cranny.core.rng import Rng
from cranny.platform import engines
from cranny.platform.engines import NatsAddress, NatsConfig, PostgresAddress
from cranny.platform.engines.errors import explained, make_directory
from cranny.platform.keys import Keyring


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """All that a process needs to find and prove itself to the engines. Holds secrets: never printed."""

    owner_dsn: str
    app_dsn: str
    nats_url: str
    master: bytes
    pid: int
    """The process that started the engines; 0 where nobody did."""

    def __repr__(self) -> str:
        return f"Addresses(pid={self.pid})"


@asynccontextmanager
async def stand_up(settings: Settings, rng: Rng) -> AsyncIterator[Addresses]:
    """Engines, started where no address is configured, with the schema up to date."""
    master = master_key(settings, rng)
    config = broker_config(Keyring(master, rng=rng), settings)
    configured_nats = NatsAddress(settings.nats_url, 0) if settings.nats_url else None
    async with (
        engines.postgres(settings.data, configured=_configured(settings)) as postgres,
        engines.nats(settings.data, config=config, configured=configured_nats) as nats,
    ):
        if settings.database_url is None:
            from cranny.apps.installation import upgrade

            await upgrade(settings, postgres.owner_dsn, postgres.app_dsn)
        found = Addresses(
            owner_dsn=postgres.owner_dsn,
            app_dsn=postgres.app_dsn,
            nats_url=nats.url,
            master=master,
            pid=os.getpid(),
        )
        if settings.database_url and settings.nats_url:
            yield found  # nothing runs here that others could not find; and secrets are best not written down
            return
        with _announced(settings.data, found):
            yield found


@asynccontextmanager
async def find(settings: Settings, rng: Rng) -> AsyncIterator[Addresses]:
    """The engines of a `cranny up` that runs on the same data, else as `stand_up`. What is configured is taken in any
    case: whoever names a database means that one."""
    running = _running(settings.data)
    if running is not None:
        yield _as_configured(running, settings)
        return
    async with stand_up(settings, rng) as found:
        yield found


def in_use(data: Path) -> bool:
    """Whether a process that lives has engines running on `data`."""
    return _running(data) is not None


def master_key(settings: Settings, rng: Rng) -> bytes:
    """The configured master key, or the one in the data directory, made there at the first start."""
    if settings.master_key is not None:
        return settings.master_key
    make_directory(settings.data)
    with explained(settings.data):
        return read_or_make_master(settings.data / "master.key", rng)


def broker_config(keyring: Keyring, settings: Settings) -> NatsConfig:
    """Our own processes are users of the broker; everybody else is asked about through the auth callout."""
    user = nkeys.from_seed(keyring.nats_user_seed("server")).public_key.decode()
    account = nkeys.from_seed(keyring.nats_account_seed()).public_key.decode()
    return NatsConfig(users=[user], issuer=account, port=settings.nats_port)


def _configured(settings: Settings) -> PostgresAddress | None:
    if settings.database_url is None or settings.owner_url is None:
        return None
    return PostgresAddress(owner_dsn=settings.owner_url, app_dsn=settings.database_url)


def _as_configured(running: Addresses, settings: Settings) -> Addresses:
    return msgspec.structs.replace(
        running,
        owner_dsn=settings.owner_url or running.owner_dsn,
        app_dsn=settings.database_url or running.app_dsn,
        nats_url=settings.nats_url or running.nats_url,
        master=settings.master_key or running.master,
    )


class _announced:  # noqa: N801 - reads as a verb where it is used
    """A private file that tells the other commands on this machine where the engines are. It counts for as long as it
    is locked: the kernel lets go of the lock when we die, whatever we die of, and a number of ours is given to somebody
    else one day."""

    def __init__(self, data: Path, found: Addresses) -> None:
        self._path = data / "running.json"
        self._found = found

    def __enter__(self) -> None:
        import fcntl  # where there is none, no engine of ours runs either

        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(f".{os.getpid()}")
        new.unlink(missing_ok=True)
        self._handle = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        os.write(self._handle, msgspec.json.encode(self._found))
        new.rename(self._path)

    def __exit__(self, *_: object) -> None:
        # Of two that started at once the second one's word stands: it is not ours to take away.
        with suppress(FileNotFoundError):
            if os.path.samestat(self._path.stat(), os.fstat(self._handle)):
                self._path.unlink()
        os.close(self._handle)


def _running(data: Path) -> Addresses | None:
    try:
        with explained(data), (data / "running.json").open("rb") as file:
            return msgspec.json.decode(file.read(), type=Addresses) if _locked(file.fileno()) else None
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def _locked(handle: int) -> bool:
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
