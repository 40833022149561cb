"""Floor 1: the plumbing of the server. One database, one commit, one log."""

from cranny.platform.own import FEATURE

__all__ = ["FEATURE"]
