"""Commands about who is what: residents and staff from a file of another system."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import msgspec
from cyclopts import App, Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.markup import escape

from cranny.apps.cli.run import Data, set_up_logs
from cranny.core.errors import Invalid

if TYPE_CHECKING:
    from cranny.people import ListAsked, ListReport  # a bank's process has the command line and no server

people = App(name="people", help="Who is what: residents and staff.")

ENDS = {"created": "new", "changed": "changed", "ended": "out"}
SHOWN = 20


def register(app: App) -> None:
    app.command(people)


@people.command(name="import")
def import_people(
    tenant: str,
    file: Path,
    /,
    *,
    apply: Annotated[bool, Parameter(help="Do it. Without this nothing is done.", negative="")] = False,
    full: Annotated[bool, Parameter(help="Everybody is in the file: who is missing is out.", negative="")] = False,
    ending: Annotated[
        int | None, Parameter(help="How many may be missing from a full list.", validator=Number(gte=0))
    ] = None,
    name: Annotated[str, Parameter(name="--list", help="Which list it is: it takes back what it gave.")] = "default",
    role: Annotated[str | None, Parameter(help="Of every line that names none.")] = None,
    site: Annotated[UUID | None, Parameter(help="Of every line that names none.")] = None,
    encoding: Annotated[str | None, Parameter(help="Of the file, where it can't be told: cp1250, …")] = None,
    invite: Annotated[bool, Parameter(help="Send those who are new a link to sign in.", negative="")] = False,
    data: Data = None,
) -> None:
    """Bring the people of FILE (CSV) into TENANT (name or id). Shows what would happen; with --apply it does. Exit code
    1 when a line is wrong."""
    from cranny.apps import administer, settings

    set_up_logs("WARNING")
    asked = _asked(
        {
            "name": name,
            "apply": apply,
            "full": full,
            "invite": invite,
            "role": role,
            "site": site,
            "encoding": encoding,
            "ending": ending,
            "admins": True,
        }
    )
    report = asyncio.run(administer.import_people(settings.read(data=data), tenant, _read(file), asked))
    _show(report)
    sys.exit(1 if report.wrong else 0)


def _asked(said: dict[str, object]) -> "ListAsked":
    from cranny.people import ListAsked

    try:
        return msgspec.convert(said, ListAsked)
    except msgspec.ValidationError as error:
        raise Invalid(f"This does not fit: {error}", code="list-options") from error


def _read(file: Path) -> bytes:
    from cranny.people import LIST_MOST_BYTES

    try:
        if file.stat().st_size > LIST_MOST_BYTES:
            raise Invalid(f"{file} has more than {LIST_MOST_BYTES} bytes: part it.", code="list-too-long")
        return file.read_bytes()
    except OSError as error:
        raise Invalid(f"{file} can't be read: {error.strerror}.", code="list-unreadable") from error


def _show(report: "ListReport") -> None:
    console = Console(highlight=False)
    guessed = " (a guess: say --encoding if letters with accents are wrong)" if report.encoding_guessed else ""
    console.print(f"{report.lines} lines, {report.encoding}{guessed}, columns {', '.join(report.columns)}")
    if report.ignored:
        console.print(escape(f"not read: {', '.join(report.ignored)}"))
    for flaw in report.flaws:
        where = f"line {flaw.line}" + (f", {flaw.column}" if flaw.column else "")
        console.print(f"[bold red]{where}[/] {flaw.code}: {escape(flaw.message)}", soft_wrap=True)
    for deed in report.people[:SHOWN]:
        line = f"line {deed.line}" if deed.line else "missing"
        what = f" ({', '.join(deed.what)})" if deed.what else ""
        console.print(f"{line}: {ENDS[deed.outcome]}{what}  persons/{deed.person}", soft_wrap=True)
    if len(report.people) > SHOWN:
        console.print(f"… and {len(report.people) - SHOWN} more")
    counts = f"{report.created} new, {report.changed} changed, {report.ended} out, {report.unchanged} as they are"
    if report.wrong:
        console.print(f"{report.wrong} things are wrong; without them: {counts}. Nothing was done.")
    else:
        console.print(f"{counts}. " + ("Done." if report.done else "Nothing was done: --apply does it."))
