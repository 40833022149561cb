"""Ids that the tests of the simulator share."""

from uuid import UUID

TENANT, BANK, BOOT = UUID(int=1), UUID(int=2), UUID(int=3)
