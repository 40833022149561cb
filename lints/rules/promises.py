"""What is not done is an issue, where it is seen and planned; in the code it is forgotten."""

import re
from collections.abc import Iterator

from lints.source import Finding, Source

WORDS = "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3))
PROMISE = re.compile(rf"(?:#|//|/\*|--|<!--).*\b(?P<word>{WORDS})\b")


def look(source: Source) -> Iterator[Finding]:
    for number, line in enumerate(source.text.splitlines(), start=1):
        if found := PROMISE.search(line):
            yield source.finding(number, f"{found['word']}: do it now, or open an issue and delete the comment")
