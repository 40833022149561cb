"""Commands about what the banks' sensors and doors raise."""

from typing import Any, Final
from urllib.parse import quote

import msgspec
from cyclopts import App
from rich.console import Console
from rich.table import Column, Table

from cranny.apps.cli.bank import HERE, ID, UNSAID, Key, Server, call

MOST: Final = 200

alarms = App(name="alarms", help="What the banks' sensors and doors raise: list it, say that it was seen.")


def register(app: App) -> None:
    app.command(alarms)


@alarms.default
def list_(*, all_: bool = False, key: Key = UNSAID, server: Server = HERE) -> None:
    """List what is wrong now, newest first. With --all what is over, too: the newest 200."""
    page = call(server, key, "GET", f"/v1/alarms?limit={MOST}{'' if all_ else '&live=true'}")
    console = Console()
    if not page["items"]:
        console.print("No alarm." if all_ else "Nothing is wrong now.")
        return
    table = Table(Column("id", **ID), "since", "what", "where", "value", "state")
    for row in page["items"]:
        table.add_row(row["id"], row["raised"][:16], row["kind"], _where(row), _value(row), row["state"])
    console.print(table)


@alarms.command
def seen(alarm_id: str, note: str = "", /, *, key: Key = UNSAID, server: Server = HERE) -> None:
    """Say that somebody has seen it, with a NOTE. It ends by itself, when the bank says that it is over."""
    body = msgspec.json.encode({"note": note}).decode()
    made = call(server, key, "POST", f"/v1/alarms/{quote(alarm_id)}/acknowledge", body=body)
    Console().print(
        f"[bold]{made['kind']}[/] at {made['channel']} is {made['state']}, seen by {made['acknowledged_by']}"
    )


def _where(row: dict[str, Any]) -> str:
    doors = row["doors"]
    if not doors or doors == [row["channel"]]:
        return str(row["channel"])
    return f"{row['channel']} ({doors[0]}…{doors[-1]})" if len(doors) > 1 else f"{row['channel']} ({doors[0]})"


def _value(row: dict[str, Any]) -> str:
    if row["value"] is None:
        return ""
    limit = "" if row["limit"] is None else f" (limit {row['limit']:g})"
    return f"{row['value']:g}{limit}"
