"""Logs are structured, and no secret gets into them."""

import io
import json
import logging
from collections.abc import Iterator

import asyncpg
import pytest
import structlog

from cranny.web import telemetry


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, ours = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers, root.level = handlers, level
    structlog.configure(**ours)


def lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_ours_and_theirs_come_out_the_same() -> None:
    out = io.StringIO()
    telemetry.set_up(json=True, to=out)
    with structlog.contextvars.bound_contextvars(request="r-1"):
        structlog.get_logger("cranny.test").info("hello", door="07")
        logging.getLogger("library").warning("careful: %s", "hot")
    ours, theirs = lines(out)
    assert (ours["event"], ours["door"], ours["request"], ours["level"]) == ("hello", "07", "r-1", "info")
    assert (theirs["event"], theirs["request"], theirs["logger"]) == ("careful: hot", "r-1", "library")


def test_secrets_are_blotted_out_at_any_depth() -> None:
    out = io.StringIO()
    telemetry.set_up(json=True, to=out)
    structlog.get_logger().info(
        "request",
        code="123456789",
        api_token="crn_x",
        headers={"Authorization": "Bearer crn_x", "Accept": "json"},
        grants=[{"qr": "CXYZ", "door": "07"}],
        status_code=200,
    )
    (line,) = lines(out)
    assert "crn_x" not in out.getvalue()
    assert "CXYZ" not in out.getvalue()
    assert "123456789" not in out.getvalue()
    assert line["grants"] == [{"qr": telemetry.BLOT, "door": "07"}]
    assert line["status_code"] == 200


def test_local_variables_are_not_told_with_an_exception() -> None:
    out = io.StringIO()
    telemetry.set_up(json=True, to=out)

    def fail() -> None:
        hidden = "987654321"
        raise ZeroDivisionError(len(hidden))

    try:
        fail()
    except ZeroDivisionError:
        structlog.get_logger().exception("failed")
    assert "987654321" not in out.getvalue()
    assert "ZeroDivisionError" in out.getvalue()


@pytest.mark.parametrize("as_json", [True, False])
def test_the_database_tells_nothing_of_people(as_json: bool) -> None:
    out = io.StringIO()
    telemetry.set_up(json=as_json, to=out)
    error = asyncpg.UniqueViolationError("duplicate key")
    error.detail = "Key (email)=(ada@example.org) already exists."
    try:
        raise error
    except asyncpg.UniqueViolationError:
        structlog.get_logger().exception("failed")
    assert "ada@example.org" not in out.getvalue()
    assert "duplicate key" in out.getvalue()


def test_on_a_terminal_it_is_readable() -> None:
    out = io.StringIO()
    telemetry.set_up(json=False, to=out)
    structlog.get_logger().info("hello", door="07", secret="x")
    assert "hello" in out.getvalue()
    assert "secret=[redacted]" in out.getvalue().replace("\x1b[0m", "").replace("\x1b[36m", "").replace("\x1b[35m", "")
