"""The yard of the deliveries: a tenant with two banks, and their controllers as the server hears them."""

from tests.deliveries.conftest import yard  # noqa: F401 - a fixture
