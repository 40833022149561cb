"""On the server, `events.move()` alone writes a state, so that none changes without its event and its jobs."""

import ast
import re
from collections.abc import Iterator

from lints.source import Finding, Source

WRITER = "src/cranny/platform/events.py"
ELSEWHERE = ("src/cranny/edge", "src/cranny/sim")
ASSIGNMENTS = re.compile(r"\bSET\s+(.*?)(?=\bWHERE\b|\bFROM\b|\bRETURNING\b|\Z)", re.IGNORECASE | re.DOTALL)
STATE = re.compile(r"(?:^|,|\()\s*state\s*[=,)]", re.IGNORECASE)


def look(source: Source) -> Iterator[Finding]:
    if not source.inside("src/cranny") or str(source.path) == WRITER or any(map(source.inside, ELSEWHERE)):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _writes_state(node.value):
            yield source.finding(
                node.lineno,
                "this SQL writes a state column: call platform.events.move(), which checks the table of the lifecycle"
                " and records the event in the same transaction",
            )


def _writes_state(sql: str) -> bool:
    return any(STATE.search(match[1]) for match in ASSIGNMENTS.finditer(sql))
