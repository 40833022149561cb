"""What doesn't fit on a few screens is more than one thing."""

import ast
from collections.abc import Iterator

from lints.source import Finding, Source

LONGEST_FILE = 400
LONGEST_FUNCTION = 50


def look(source: Source) -> Iterator[Finding]:
    if source.path.suffix != ".py":
        return
    lines = source.text.count("\n")
    if lines > LONGEST_FILE:
        yield source.finding(
            LONGEST_FILE + 1, f"{lines} lines, and {LONGEST_FILE} are the most: split it where the subject changes"
        )
    if "migrations" in source.path.parts:
        return  # a revision is one text of SQL
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > LONGEST_FUNCTION:
            yield source.finding(
                node.lineno,
                f"{node.name}() has {length} lines, and {LONGEST_FUNCTION} are the most: give its steps names",
            )
