"""What recipients see: the page on which they choose how they are told."""

from typing import Final

from cranny.pages.recipient.choosing import routes
from cranny.platform.feature import Feature

__all__ = ["FEATURE"]

FEATURE: Final = Feature("recipient-pages", routes=routes)
