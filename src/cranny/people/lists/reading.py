"""A CSV file as a spreadsheet writes it, whatever its encoding, its delimiter and the order of its columns. Pure."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec

from cranny.core.errors import Invalid

Encoding = Literal["utf-8", "utf-16", "cp1250", "cp1252", "iso-8859-2", "iso-8859-15"]
COLUMNS: Final = ("external_id", "email", "name", "phone", "language", "role", "site", "unit", "until")
MOST_LINES: Final = 20_000
MOST_BYTES: Final = 8 * 1024 * 1024
MOST_COLUMNS: Final = 200

_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DELIMITERS: Final = (",", ";", "\t", "|")
_ALIASES: Final = {
    "id": "external_id",
    "externalid": "external_id",
    "e_mail": "email",
    "mail": "email",
    "email_address": "email",
    "full_name": "name",
    "mobile": "phone",
    "telephone": "phone",
    "lang": "language",
    "apartment": "unit",
    "flat": "unit",
    "room": "unit",
    "ends": "until",
    "move_out": "until",
    "moved_out": "until",
    "valid_until": "until",
}
"""How other systems call the columns, beside our own words."""
_EXCEL: Final = re.compile(r'"?sep=(.)"?\s*')


class Flaw(msgspec.Struct, frozen=True):
    """What is wrong in `line` (1 is the file's first) and `column` (empty: the whole line), and what to do about it. It
    does not repeat what stands there: answers travel further than personal data may."""

    line: int
    column: str
    code: str
    """A stable word for what is wrong."""
    message: str
    """What is wrong and what to do, in a sentence."""


class Sheet(msgspec.Struct, frozen=True):
    """`lines` are (number, cells by column), the blank ones left out. `ignored` are headings that mean nothing here.
    `guessed`: the file did not say its encoding and is no UTF-8."""

    encoding: str
    guessed: bool
    delimiter: str
    columns: tuple[str, ...]
    ignored: tuple[str, ...]
    lines: list[tuple[int, dict[str, str]]]
    flaws: list[Flaw]


def read(raw: bytes, encoding: Encoding | None = None) -> Sheet:
    """Raises Invalid, codes `list-empty`, `list-too-long`, `list-unreadable` (no text of this encoding, or broken
    quotes), and `list-heading` where the first line does not name the columns."""
    text, used, guessed = _text(raw, encoding)
    delimiter, body, before = _delimiter(text)
    numbered = _numbered(body, delimiter, before)
    heading = next(numbered, None)
    if heading is None:
        raise Invalid("The file is empty: its first line names the columns.", code="list-empty")
    columns = _columns(heading[1])
    lines: list[tuple[int, dict[str, str]]] = []
    flaws: list[Flaw] = []
    for number, cells in numbered:
        if len(lines) >= MOST_LINES:
            raise Invalid(f"A file has up to {MOST_LINES} lines: send it in parts.", code="list-too-long")
        if any(cell.strip() for cell in cells[len(columns) :]):
            flaws.append(Flaw(number, "", "too-many-cells", _TOO_MANY.format(len(cells), len(columns))))
        lines.append((number, {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if name}))
    if not lines:
        raise Invalid("The file has a heading and no lines below it.", code="list-empty")
    ignored = tuple(cell.strip() for cell, name in zip(heading[1], columns, strict=True) if not name and cell.strip())
    return Sheet(used, guessed, delimiter, tuple(name for name in columns if name), ignored, lines, flaws)


_TOO_MANY: Final = (
    "This line has {} cells, the heading has {}: put quotes around a cell that holds the delimiter, or remove what is "
    "too much."
)


def _text(raw: bytes, said: Encoding | None) -> tuple[str, str, bool]:
    """(text, encoding, whether it was guessed)."""
    if said is not None:
        return _decoded(raw, said), said, False
    for mark, name in _BOMS:
        if raw.startswith(mark):
            return _decoded(raw, name), name.removesuffix("-sig"), False
    try:
        return raw.decode(), "utf-8", False
    except UnicodeDecodeError:
        return _decoded(raw, "cp1252"), "cp1252", True


def _decoded(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise Invalid(
            f"Line {line} is no text in {encoding}. Save the file as “CSV UTF-8”, or say its encoding.",
            code="list-unreadable",
        ) from error


def _delimiter(text: str) -> tuple[str, str, int]:
    """(delimiter, what is to be read, lines before that): the one that finds most columns in the heading."""
    first, _, rest = text.partition("\n")
    if told := _EXCEL.fullmatch(first.strip()):
        return told[1], rest, 1
    heading = next((line for line in text.splitlines() if line.strip()), "")
    best = max(_DELIMITERS, key=lambda mark: sum(word(cell) in COLUMNS for cell in heading.split(mark)))
    return best, text, 0


def _numbered(text: str, delimiter: str, before: int) -> Iterator[tuple[int, list[str]]]:
    """The records that say anything, each with the line that it begins in. Raises Invalid, code `list-unreadable`."""
    if "\x00" in text:
        raise Invalid("The file holds the character U+0000: save it as “CSV UTF-8”.", code="list-unreadable")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = before + 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise Invalid(
                f"The quotes of line {number} do not match ({error}): a quote inside a cell is written twice.",
                code="list-unreadable",
            ) from error
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield number, cells
        number = before + reader.line_num + 1


def word(heading: str) -> str:
    """Our name of a column; what has none comes back as it is written."""
    plain = re.sub(r"[\s.\-]+", "_", heading.strip().strip('"').casefold()).strip("_")
    return _ALIASES.get(plain, plain)


def _columns(heading: Sequence[str]) -> list[str]:
    """Each cell's column, empty where there is none."""
    if len(heading) > MOST_COLUMNS:
        raise Invalid(f"A file has up to {MOST_COLUMNS} columns.", code="list-heading")
    found = [name if (name := word(cell)) in COLUMNS else "" for cell in heading]
    twice = sorted({name for name in found if name and found.count(name) > 1})
    if twice:
        raise Invalid(f"Two columns are called {twice[0]}: leave one.", code="list-heading")
    if not {"email", "external_id"} & set(found):
        raise Invalid(
            f"The first line must name the columns, at least email or external_id. There are: {', '.join(COLUMNS)}.",
            code="list-heading",
        )
    return found
