"""Cranny: the open platform that runs smart lockers."""

__version__ = "0.1.0"
