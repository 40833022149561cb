"""A database with enough connections for many to ask at once."""

from tests.platform.conftest import pokes, wide  # noqa: F401 - fixtures
