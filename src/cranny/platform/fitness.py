"""Whether a PostgreSQL can be worked with, before anything is done with it. Our own can; one that was configured may be
anything, and each thing that is wrong with it is one sentence that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg

from cranny.core.errors import CrannyError, Invalid
from cranny.platform import revisions
from cranny.platform.db import AWAY, DatabaseAway

OLDEST: Final = 15
APP_ROLE: Final = "cranny_app"
"""The role the processes connect as. It owns nothing, and it is no superuser and has no BYPASSRLS."""
HELP: Final = "(docs/external-database.md)"

SERVER: Final = """
SELECT current_setting('server_version') AS version, current_setting('server_version_num')::integer / 10000 AS major,
       current_setting('server_encoding') AS encoding, current_database() AS database, current_user AS role,
       has_schema_privilege('public', 'CREATE') AS creates,
       EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS app
"""
HELD: Final = "SELECT revision FROM migrations"


class Unfit(CrannyError):
    """The configured database can't be worked with as it is."""

    code = "database-unfit"
    status = 503


class SchemaBehind(CrannyError):
    """The program is newer than the tables: somebody is about to upgrade them, or has forgotten to."""

    code = "schema-behind"
    status = 503
    retry = True


@contextmanager
def reached(setting: str) -> Iterator[None]:
    """Turns why PostgreSQL can't be got at into one sentence that names the `setting` with its address. Raises
    DatabaseAway; Unfit, code `database-login` or `database-missing`; Invalid, code `settings-invalid`."""
    try:
        yield
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        raise Unfit(f"PostgreSQL lets nobody in with {setting}: {error}.", code="database-login") from error
    except asyncpg.InvalidCatalogNameError as error:
        raise Unfit(f"PostgreSQL at {setting} says: {error} {HELP}.", code="database-missing") from error
    except (asyncpg.exceptions.ClientConfigurationError, ValueError) as error:
        raise Invalid(f"{setting} is no address of a PostgreSQL: {error}.", code="settings-invalid") from error
    except (*AWAY, TimeoutError, asyncpg.TooManyConnectionsError) as error:
        why = str(error) or type(error).__name__
        raise DatabaseAway(f"PostgreSQL at {setting} does not answer: {why}.") from error


async def require_fit(connection: asyncpg.Connection, *, owner: bool = False) -> None:
    """Raises Unfit, code `database-version` or `database-encoding`; for the `owner` of the schema also
    `database-rights`."""
    found = await connection.fetchrow(SERVER, APP_ROLE)
    if found["major"] < OLDEST:
        raise Unfit(
            f"This is PostgreSQL {found['version']}, and Cranny needs {OLDEST} or newer: upgrade it, or name another.",
            code="database-version",
        )
    if found["encoding"] != "UTF8":
        raise Unfit(
            f"The database {found['database']} is encoded in {found['encoding']}, which can't hold every name: make "
            f"one with ENCODING 'UTF8' {HELP}.",
            code="database-encoding",
        )
    if owner and not found["creates"]:
        raise Unfit(
            f"The role {found['role']} may make no tables in {found['database']}: make it the owner {HELP}.",
            code="database-rights",
        )
    if owner and not found["app"]:
        raise Unfit(
            f"There is no role {APP_ROLE}, as which the processes connect: make it {HELP}.", code="database-rights"
        )


async def require_schema(connection: asyncpg.Connection) -> None:
    """Raises SchemaBehind when the tables lack a revision of this program. They may have more: while a new version is
    brought in the old one still runs. Raises Unfit, code `database-role`, for a role that may not read them."""
    held: set[str] = set()
    try:
        held = {row["revision"] for row in await connection.fetch(HELD)}
    except asyncpg.UndefinedTableError:
        pass  # nothing was ever upgraded
    except asyncpg.InsufficientPrivilegeError as error:
        role = await connection.fetchval("SELECT current_user")
        if role != APP_ROLE:  # else it was upgraded last by a program that did not let its role look
            raise Unfit(
                f"The role {role} may not use the tables: connect as {APP_ROLE} {HELP}.", code="database-role"
            ) from error
    if lacking := revisions.known() - held:
        many = f"{len(lacking)} revisions" if len(lacking) > 1 else f"the revision {min(lacking)}"
        raise SchemaBehind(f"The database lacks {many} of this program: run `cranny db upgrade`, then start again.")


async def look_at(app_dsn: str, setting: str) -> None:
    """All of the above for the application role. Raises what they raise."""
    with reached(setting):
        connection = await asyncpg.connect(app_dsn)
        try:
            await require_fit(connection)
            await require_schema(connection)
        finally:
            await connection.close()
