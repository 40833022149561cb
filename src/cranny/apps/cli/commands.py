"""Commands to a bank: `cranny bank open`, `reboot`… They say what they ask, wait, and say what became of it.

Exit code 0: done. 1: refused. 2: not known yet, the bank's journal will tell. 3: a second person has to confirm it.
"""

import sys
import time
from typing import Annotated, Any, Final
from urllib.parse import quote
from uuid import UUID

import msgspec
from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from cranny.apps.cli.bank import HERE, UNSAID, Key, Server, call
from cranny.core.errors import Invalid, NotFound

Why = Annotated[str, Parameter(name=["--reason", "-r"], help="Why; it stays in the log. Name nobody.")]
Wait = Annotated[bool, Parameter(help="Where a second person has to confirm: wait for them.", negative="")]

LOOKS: Final = {
    "executed": ("green", 0),
    "refused": ("red", 1),
    "declined": ("red", 1),
    "lapsed": ("red", 1),
    "unknown": ("yellow", 2),
    "issued": ("yellow", 2),
    "awaiting_confirmation": ("yellow", 3),
}
LOOK_EVERY_S: Final = 1.0
WHAT: Final = {
    "open": "open door {door}",
    "open_all": "open every door",
    "reboot": "restart",
    "take_out": "take door {door} out of service",
    "put_back": "bring door {door} back in service",
    "inventory": "begin an inventory",
}


def register(bank: App) -> None:
    bank.command(open_, name="open")
    bank.command(list_commands, name="commands")
    for command in (open_all, reboot, out_of_service, back_in_service, inventory, confirm, decline):
        bank.command(command)


def open_(
    bank: str, door: str, /, *, reason: Why, key: Key = UNSAID, server: Server = HERE, wait: Wait = False
) -> None:
    """Open DOOR of BANK (name or id) now, from afar. Its recipient is told."""
    _ask(server, key, bank, "open", reason, door=door, wait=wait)


def open_all(bank: str, /, *, reason: Why, key: Key = UNSAID, server: Server = HERE, wait: Wait = False) -> None:
    """Open every door of BANK. A second person has to confirm it."""
    _ask(server, key, bank, "open_all", reason, wait=wait)


def reboot(bank: str, /, *, reason: Why, key: Key = UNSAID, server: Server = HERE) -> None:
    """Restart the controller of BANK. Refused while somebody stands at an open door."""
    _ask(server, key, bank, "reboot", reason)


def out_of_service(bank: str, door: str, /, *, reason: Why, key: Key = UNSAID, server: Server = HERE) -> None:
    """Take DOOR of BANK out of service: nothing is put there any more. What lies inside can be collected."""
    _ask(server, key, bank, "take_out", reason, door=door)


def back_in_service(bank: str, door: str, /, *, reason: Why, key: Key = UNSAID, server: Server = HERE) -> None:
    """Bring DOOR of BANK back in service. One that is in doubt has to be looked at instead."""
    _ask(server, key, bank, "put_back", reason, door=door)


def inventory(bank: str, /, *, reason: Why, key: Key = UNSAID, server: Server = HERE, wait: Wait = False) -> None:
    """Begin the guided inventory at BANK: it opens every door in turn. A second person has to confirm it."""
    _ask(server, key, bank, "inventory", reason, wait=wait)


def confirm(command: str, /, *, key: Key = UNSAID, server: Server = HERE) -> None:
    """Agree to a command that somebody else asked for; it is sent at once."""
    with _busy("Confirming…"):
        done = call(server, key, "POST", f"/v1/commands/{quote(command)}/confirm", body="{}")
    _say(done)


def decline(command: str, /, *, key: Key = UNSAID, server: Server = HERE) -> None:
    """Say no to a command that waits for a second person, or take back your own."""
    _say(call(server, key, "POST", f"/v1/commands/{quote(command)}/decline", body="{}"), done=True)


def list_commands(bank: str = "", /, *, key: Key = UNSAID, server: Server = HERE) -> None:
    """List the newest commands, of BANK or of all banks."""
    only = f"?bank={_bank(server, key, bank)[0]}" if bank else ""
    table = Table("when", "what", "state", "by", "why", "id")
    for row in call(server, key, "GET", f"/v1/commands{only}")["items"]:
        who = " + ".join(_name(one) for one in (row["asked_by"], row["confirmed_by"]) if one)
        what = " ".join([row["action"], *(row["doors"] if len(row["doors"]) == 1 else ())])
        colour, _ = LOOKS[row["state"]]
        state = f"[{colour}]{row['state']}[/]" + (f" ({row['answer']})" if row["answer"] else "")
        table.add_row(row["created"][:19].replace("T", " "), what, state, who, row["reason"], row["id"])
    Console().print(table)


def _ask(server: str, key: str, name: str, action: str, reason: str, *, door: str = "", wait: bool = False) -> None:
    id_, called = _bank(server, key, name)
    asked = {"action": action, "reason": reason} | ({"door": door} if door else {})
    with _busy(f"Asking {called} to {WHAT[action].format(door=door)}…"):
        made = call(server, key, "POST", f"/v1/banks/{id_}/commands", body=msgspec.json.encode(asked).decode())
    while wait and made["state"] in ("awaiting_confirmation", "issued"):
        with _busy(f"{made['says']} Waiting…"):
            time.sleep(LOOK_EVERY_S)
            made = call(server, key, "GET", f"/v1/commands/{made['id']}")
    _say(made)


def _say(made: dict[str, Any], *, done: bool = False) -> None:
    colour, code = LOOKS[made["state"]]
    console = Console(highlight=False)
    console.print(f"[{colour}]●[/] {made['says']}", soft_wrap=True)
    if made["state"] == "awaiting_confirmation":
        console.print(f"  With another key, within five minutes: [bold]cranny bank confirm {made['id']}[/]")
    elif code == 2:  # noqa: PLR2004 - see above
        console.print(f"  Look again with: [bold]cranny bank commands[/]   ({made['id']})")
    sys.exit(0 if done else code)


def _busy(text: str) -> Any:
    """Something that moves while one waits, on a terminal; never in what another program reads."""
    return Console(stderr=True).status(text)


def _bank(server: str, key: str, name: str) -> tuple[str, str]:
    """(id, name) of the bank that is meant: its id, its name, or how its name begins."""
    banks = [(row["id"], row["name"]) for row in call(server, key, "GET", "/v1/banks?limit=500")["items"]]
    wanted = name.casefold()
    exact = [row for row in banks if wanted in (row[0], row[1].casefold())]
    begun = exact or [row for row in banks if row[1].casefold().startswith(wanted)]
    if len(begun) == 1:
        return begun[0]
    if not begun and _is_id(name):
        return name, "the bank"
    known = ", ".join(sorted(row[1] for row in begun or banks)) or "none"
    if begun:
        raise Invalid(f"{name!r} may be any of these: {known}. Say more of it, or its id.", code="bank-ambiguous")
    raise NotFound(f"There is no bank {name!r}. There are: {known}.", code="bank-not-found")


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def _name(who: dict[str, Any]) -> str:
    """A key by its label, a person by how their id ends."""
    return str(who["label"] or f"person …{who['person'][-6:]}")
