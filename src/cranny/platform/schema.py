"""What migrations are written with: plain SQL, and the wall between tenants."""

import re
from typing import Final

from alembic import op

from cranny.platform.fitness import APP_ROLE

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


def script(sql: str) -> None:
    """Run several statements, parted by semicolons. Colons mean nothing special."""
    connection = op.get_bind().connection.dbapi_connection
    if connection is None:
        raise RuntimeError("the migration has no connection")
    connection.run_async(lambda driver: driver.execute(sql))


def isolate(table: str, *, may: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
    """Let a tenant see and write its own rows of `table` only, whoever asks, the owner included.

    Without a tenant in the transaction every statement on the table fails. `may` is what the processes
    are granted. Call it once, right after CREATE TABLE.
    """
    if not _NAME.fullmatch(table):
        raise ValueError(f"not a table name: {table}")
    script(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY own_tenant ON {table}
            USING (tenant = current_setting('app.tenant')::uuid)
            WITH CHECK (tenant = current_setting('app.tenant')::uuid);
        GRANT {may} ON {table} TO {APP_ROLE};
        """
    )
