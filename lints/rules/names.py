"""A name says what a thing is about; these say only that someone needed a place to put it."""

import ast
import re
from collections.abc import Iterator

from lints.source import Finding, Source

SAY_NOTHING = {"util", "utils", "helper", "helpers", "manager", "managers", "service", "services"}
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def look(source: Source) -> Iterator[Finding]:
    if source.path.suffix != ".py":
        return
    for part in (*source.path.parts[:-1], source.path.stem):
        if word := _empty_word(part):
            yield source.finding(1, _says(part, word))
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and (word := _empty_word(node.name)):
            yield source.finding(node.lineno, _says(node.name, word))


def _empty_word(name: str) -> str | None:
    return next((word for word in WORD.findall(name) if word.lower() in SAY_NOTHING), None)


def _says(name: str, word: str) -> str:
    return f'"{word}" in {name} tells nothing: name it after what it knows or does, or put it where it is used'
