"""Bank files: YAML text or plain JSON values in, a BankFile out, and errors that name the line.

Only YAML's plain core is read: no tags, no anchors, no aliases, so a file can neither make objects nor grow.
"""

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Final, cast

import yaml

from cranny.core.errors import Invalid, NotFound
from cranny.sites import bankfile
from cranny.sites.reading import Path, Problem, Reader
from cranny.sites.shapes import BankFile

LONGEST: Final = 512 * 1024
"""Characters. A bank of 1,000 doors needs about a quarter of it."""

_DEEPEST: Final = 12
_SHOWN: Final = 50
_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> BankFile:
    """Raises Invalid, code `bank-file-invalid`; its `extra["errors"]` has `{line, path, message}` of
    each problem, and its detail tells the first."""
    if len(text) > LONGEST:
        raise _refusal([(1, Problem((), f"the file is longer than {LONGEST} characters; cut it"))])
    lines: dict[Path, int] = {}
    try:
        _plain_only(text)
        root = yaml.compose(text, Loader=_Loader)
        value = {} if root is None else _value(root, (), lines)
    except yaml.MarkedYAMLError as error:
        raise _refusal([_not_yaml(error)]) from error
    except (yaml.YAMLError, ValueError) as error:
        raise _refusal([(1, Problem((), f"this is not YAML: {error}"))]) from error
    reader = Reader()
    bank = bankfile.read(value, reader)
    if reader.problems:
        raise _refusal(sorted(((_line(p.path, lines), p) for p in reader.problems), key=lambda p: p[0]))
    return bank


def read_json(value: object) -> BankFile:
    """The same shape as decoded JSON. Raises Invalid, code `bank-file-invalid`, with paths, not lines."""
    reader = Reader()
    bank = bankfile.read(value, reader)
    if reader.problems:
        raise _refusal([(0, problem) for problem in reader.problems])
    return bank


def shipped_banks() -> dict[str, str]:
    """The banks that come with Cranny: name to YAML text, sorted by name. Reads files: not for the event loop."""
    found = files("cranny.sites").joinpath("banks").iterdir()
    texts = {f.name.removesuffix(".yaml"): f.read_text("utf-8") for f in found if f.name.endswith(".yaml")}
    return dict(sorted(texts.items()))


def shipped_bank(name: str) -> BankFile:
    """A shipped bank, read. Raises NotFound, code `bank-file-unknown`."""
    known = shipped_banks()
    if name not in known:
        raise NotFound(f"There is no bank file {name!r}; these are: {', '.join(known)}.", code="bank-file-unknown")
    return read_yaml(known[name])


def _plain_only(text: str) -> None:
    """Walk the events first: they come one by one, so that neither depth nor aliases can hurt."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _odd(event, "anchors and aliases are not read here; write the values out")
        if tag := getattr(event, "tag", None):
            raise _odd(event, f"the tag {tag} is not read here; take it away")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise _odd(event, f"nested more than {_DEEPEST} deep")


def _odd(at: yaml.Event | yaml.Node, reason: str) -> yaml.MarkedYAMLError:
    # The two loaders have marks of different types with the same fields.
    return yaml.MarkedYAMLError(problem=reason, problem_mark=cast("yaml.Mark", at.start_mark))


def _not_yaml(error: yaml.MarkedYAMLError) -> tuple[int, Problem]:
    """The line where reading stopped, and the one where the unfinished thing began."""
    mark, began = error.problem_mark or error.context_mark, error.context_mark
    line = mark.line + 1 if mark else 1
    reason = error.problem or error.context or "it can't be read"
    since = f" (of what begins on line {began.line + 1})" if began and began.line + 1 != line else ""
    return line, Problem((), f"this is not YAML: {reason}{since}")


def _value(node: yaml.Node, path: Path, lines: dict[Path, int]) -> object:
    """The plain value of a node; notes the line of everything in it."""
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_value(entry, (*path, place), lines) for place, entry in enumerate(node.value)]
    quoted = isinstance(node, yaml.ScalarNode) and bool(node.style)
    return node.value if quoted else _scalar(node.value)


def _mapping(node: yaml.MappingNode, path: Path, lines: dict[Path, int]) -> dict[str, object]:
    group: dict[str, object] = {}
    for key, entry in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _odd(key, "a key must be a word")
        if key.value in group:
            raise _odd(key, f"the key `{key.value}` stands here a second time")
        lines[*path, key.value] = key.start_mark.line + 1
        group[key.value] = _value(entry, (*path, key.value), lines)
    return group


def _scalar(text: str) -> object:
    """Only what cannot be mistaken: `07`, `no` and `1e3` are texts, as whoever wrote a label meant."""
    if text in ("true", "false"):
        return text == "true"
    if text in ("", "~", "null"):
        return None
    return int(text) if _WHOLE.fullmatch(text) else text


def _line(path: Path, lines: dict[Path, int]) -> int:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _refusal(found: Sequence[tuple[int, Problem]]) -> Invalid:
    """Line 0 means that there are no lines."""
    line, first = found[0]
    where = f"line {line}" if line else first.where() or "the body"
    more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
    return Invalid(
        f"{where}: {first.text}{more}",
        code="bank-file-invalid",
        extra={
            "errors": [
                ({"line": line} if line else {}) | {"path": problem.where(), "message": problem.text}
                for line, problem in found[:_SHOWN]
            ]
        },
    )
