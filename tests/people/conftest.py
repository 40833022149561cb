"""A database with enough connections for many to ask at once."""

from tests.people.house import house  # noqa: F401 - a fixture
from tests.people.saml_abroad import abroad, provider  # noqa: F401 - fixtures
from tests.platform.conftest import pokes, wide  # noqa: F401 - fixtures
