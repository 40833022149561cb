"""Finds the rules by listing their folder."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from lints import rules
from lints.source import Finding, Source


def look_at(source: Source) -> Iterator[Finding]:
    """What all rules say about one file, in the order of its lines."""
    found = [finding for name in rule_names() for finding in import_module(f"lints.rules.{name}").look(source)]
    yield from sorted(found, key=lambda finding: finding.line)


def rule_names() -> list[str]:
    return [module.name for module in iter_modules(rules.__path__)]
