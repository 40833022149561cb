"""An error that nobody hears of is a bug that nobody finds."""

import ast
from collections.abc import Iterator

from lints.source import Finding, Source

EVERYTHING = {"Exception", "BaseException"}


def look(source: Source) -> Iterator[Finding]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler):
            if node.type is None:
                yield source.finding(node.lineno, "a bare except catches Ctrl-C too: name the errors you can deal with")
            elif _is_everything(node.type) and not _acts(node):
                yield source.finding(
                    node.lineno,
                    "every error is caught here and none is heard of: name the ones you expect, or log and act",
                )
        elif isinstance(node, ast.Call) and _name(node.func) == "suppress" and any(map(_is_everything, node.args)):
            yield source.finding(node.lineno, "every error is suppressed here: name the ones that do not matter")


def _acts(handler: ast.ExceptHandler) -> bool:
    """It raises, or it calls something: a log, a record, a retry."""
    return any(isinstance(node, ast.Raise | ast.Call) for statement in handler.body for node in ast.walk(statement))


def _is_everything(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return any(map(_is_everything, node.elts))
    return _name(node) in EVERYTHING


def _name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
