"""Commands about what has to be looked at."""

from urllib.parse import quote

import msgspec
from cyclopts import App
from rich.console import Console
from rich.table import Column, Table

from cranny.apps.cli.bank import HERE, ID, UNSAID, Key, Server, call

anomalies = App(name="anomalies", help="What contradicts: list it with what to do, settle it with a note.")


def register(app: App) -> None:
    app.command(anomalies)


@anomalies.default
def list_(*, all_: bool = False, key: Key = UNSAID, server: Server = HERE) -> None:
    """List what is open, oldest first, each with its next step. With --all what was settled, too."""
    console, after, found = Console(), "", 0
    while True:
        page = call(server, key, "GET", f"/v1/anomalies?limit=100{'' if all_ else '&state=open'}{after}")
        table = Table(Column("id", **ID), "what, about what, and the next step", show_lines=True)
        for row in page["items"]:
            step = row["next_step"]
            asked = f"\n[dim]{step['request']}[/]" if step["request"] else ""
            times = f" ({row['times']} times)" if row["times"] > 1 else ""
            what = f"[bold]{row['kind']}[/]{times}, {row['created'][:16].replace('T', ' ')}\n{row['subject']}"
            table.add_row(row["id"], f"{what}\n{step['sentence']}{asked}")
        found += len(page["items"])
        if page["items"]:
            console.print(table)
        if page["next"] is None:
            break
        after = f"&after={quote(page['next'])}"
    if not found:
        console.print("Nothing to look at.")


@anomalies.command
def settle(anomaly_id: str, note: str, /, *, key: Key = UNSAID, server: Server = HERE) -> None:
    """Close one with a NOTE on what was found and done."""
    body = msgspec.json.encode({"note": note}).decode()
    made = call(server, key, "POST", f"/v1/anomalies/{quote(anomaly_id)}/settle", body=body)
    Console().print(f"[bold]{made['kind']}[/] of {made['subject']} is {made['state']}: {made['note']}")
