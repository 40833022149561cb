"""Breaks each import contract on purpose, in a copy of the house, and sees it caught."""

import ast
import configparser
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
HOUSE = TOP / "src" / "cranny"
CONTRACTS = TOP / ".importlinter"
FEATURES = ("sites", "people", "fleet", "access", "outreach", "webhooks", "insights")

BREAKS = [
    ("floors", "core/errors.py", "import cranny.wire.doors"),
    ("floors", "wire/doors.py", "import cranny.platform.db"),
    ("floors", "platform/db.py", "import cranny.sites"),
    ("floors", "sites/lifecycle.py", "import cranny.fleet"),
    ("floors", "fleet/lifecycle.py", "import cranny.access"),
    ("floors", "access/lifecycle.py", "import cranny.usecases.deliveries"),
    ("floors", "access/lifecycle.py", "import cranny.outreach"),
    ("floors", "outreach/lifecycle.py", "import cranny.access"),
    ("floors", "wire/doors.py", "import cranny.web"),
    ("floors", "usecases/deliveries/lifecycle.py", "import cranny.wiring"),
    ("floors", "newroom/__init__.py", ""),
    ("bank", "edge/lifecycle.py", "import cranny.platform.db"),
    ("bank", "edge/lifecycle.py", "import asyncpg"),
    ("bank", "edge/lifecycle.py", "import dlib"),
    ("eyes", "people/face/templates.py", "import numpy"),
    ("inside", "usecases/deliveries/lifecycle.py", "import cranny.usecases.deliveries.tables"),
    ("inside", "access/lifecycle.py", "import cranny.access.tables"),
    ("floors", "fleet/lifecycle.py", "import cranny.people"),
    ("strangers", "usecases/loans/__init__.py", "import cranny.usecases.deliveries"),
    ("strangers", "edge/drivers/other.py", "import cranny.edge.drivers.simulated"),
    ("strangers", "outreach/channels/pigeon.py", "import cranny.outreach.channels.email"),
    ("pure", "wire/doors.py", "import asyncio"),
    ("pure", "sites/capacity.py", "import asyncpg"),
    ("pure", "usecases/deliveries/lifecycle.py", "import sqlite3"),
    ("sites-door", "fleet/lifecycle.py", "import cranny.sites.tables"),
    ("people-door", "access/lifecycle.py", "import cranny.people.contacts"),
    ("fleet-door", "access/lifecycle.py", "import cranny.fleet.tables"),
    ("access-door", "usecases/deliveries/lifecycle.py", "import cranny.access.tables"),
    ("outreach-door", "usecases/deliveries/lifecycle.py", "import cranny.outreach.tables"),
    ("webhooks-door", "usecases/deliveries/lifecycle.py", "import cranny.webhooks.tables"),
    ("floors", "webhooks/lifecycle.py", "import cranny.outreach"),
    ("pure", "webhooks/trying.py", "import socket"),
    ("webhooks-door", "wiring/features.py", "import cranny.webhooks.tables"),
    ("usecases-door", "wiring/features.py", "import cranny.usecases.deliveries.tables"),
    ("circles", "core/errors.py", "import cranny.core.lifecycle_page"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """Of the source alone; import-linter takes the package in its working directory for the real one."""
    top = tmp_path_factory.mktemp("house")
    shutil.copytree(HOUSE, top / "cranny", ignore=shutil.ignore_patterns("static", "templates", "__pycache__"))
    shutil.copy(CONTRACTS, top)
    return top


def lint(top: Path, *contract: str) -> subprocess.CompletedProcess[str]:
    words = [Path(sys.executable).with_name("lint-imports"), *contract]
    return subprocess.run(words, cwd=top, capture_output=True, text=True, check=False)  # noqa: S603


@pytest.fixture
def broken(request, copy) -> Iterator[tuple[str, str]]:
    contract, name, line = request.param
    file = copy / "cranny" / name
    before = file.read_text() if file.exists() else None
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{before or ''}\n{line}\n")
    yield contract, (file.parent if file.stem == "__init__" else file).stem
    if before is None:
        file.unlink()
        shutil.rmtree(file.parent, ignore_errors=True) if file.name == "__init__.py" else None
    else:
        file.write_text(before)


@pytest.mark.parametrize("broken", BREAKS, indirect=True, ids=lambda case: f"{case[0]}-{case[1]}")
def test_a_broken_contract_is_caught(broken, copy):
    contract, offender = broken
    done = lint(copy, "--contract", contract)
    assert done.returncode == 1, done.stdout + done.stderr
    _, _, reasons = done.stdout.partition("Contracts: 0 kept, 1 broken.")
    assert offender in reasons


def test_the_house_as_it_is_breaks_none(copy):
    done = lint(copy)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_contract_is_broken_somewhere_above():
    parser = configparser.ConfigParser()
    parser.read(CONTRACTS)
    contracts = {section.rpartition(":")[2] for section in parser.sections() if ":contract:" in section}
    assert {contract for contract, *_ in BREAKS} == contracts


def test_every_feature_has_a_front_door():
    there = {room for room in FEATURES if (HOUSE / room / "__init__.py").exists()}
    assert {f"{room}-door" for room in there} <= {contract for contract, *_ in BREAKS}


def test_the_ground_floor_stands_on_the_standard_library_alone():
    imported = {
        name.partition(".")[0]
        for file in (HOUSE / "core").glob("**/*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for name in _imported(node)
    }
    assert imported <= sys.stdlib_module_names | {"cranny"}


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return []
