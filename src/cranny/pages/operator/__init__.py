"""What the people see who look after banks: the list of them, and each one's live wall."""

from typing import Final

from cranny.pages.operator.pages import routes
from cranny.pages.operator.sorry import elsewhere
from cranny.platform.feature import Feature

__all__ = ["FEATURE"]

FEATURE: Final = Feature("operator-pages", routes=routes, sorry=elsewhere)
