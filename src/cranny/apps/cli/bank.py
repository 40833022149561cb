"""Commands about banks. They speak to the server's API with a tenant's key, as any integrator would."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from cranny.core.clock import SystemClock
from cranny.core.errors import CrannyError, Invalid, Unavailable
from cranny.core.ids import TimeIds
from cranny.core.rng import SystemRng

if TYPE_CHECKING:
    import httpx2

Server = Annotated[str, Parameter(env_var="CRANNY_SERVER", help="The server's address.")]
Key = Annotated[str, Parameter(env_var="CRANNY_API_KEY", show_default=False, help="The tenant's API key.")]
HERE = "http://127.0.0.1:8080"
UNSAID = ""
"""No key: neither said nor in the environment."""
ID: Any = {"no_wrap": True, "min_width": 36}
"""Of a column: an id stays whole however narrow the terminal is, since other commands need it."""

bank = App(name="bank", help="Banks: add one, list them, let a controller enrol; open a door from afar.")


def register(app: App) -> None:
    app.command(bank)
    app.command(link)


def link(*, key: Key = UNSAID, server: Server = HERE) -> None:
    """Print a link that signs one browser in to the live walls, once, within ten minutes."""
    made = call(server, key, "POST", "/v1/sign-in-links")
    Console(highlight=False).print(server.rstrip("/") + made["path"], soft_wrap=True)


@bank.command
def add(file: Path, /, *, key: Key = UNSAID, server: Server = HERE) -> None:
    """Add the bank that FILE (YAML) describes, or one that ships with Cranny by its name (`corner-20`)."""
    text = read_file(file)
    made = call(server, key, "POST", "/v1/banks", body=text, kind="application/yaml")
    Console().print(f"Bank [bold]{made['name']}[/]  {made['id']}")


@bank.command(name="list")
def list_(*, key: Key = UNSAID, server: Server = HERE) -> None:
    """List the tenant's banks."""
    table = Table("id", "name", "site")
    for row in call(server, key, "GET", "/v1/banks")["items"]:
        table.add_row(row["id"], row["name"], row["site_name"])
    Console().print(table)


@bank.command
def claim(bank_id: str, /, *, key: Key = UNSAID, server: Server = HERE) -> None:
    """Print a one-time claim with which a controller enrols as this bank. It lapses after a day."""
    made = call(server, key, "POST", f"/v1/banks/{quote(bank_id)}/claims", body="{}")
    Console(highlight=False).print(made["claim"], soft_wrap=True)


def read_file(file: Path) -> str:
    """A bank's file, or one that ships with Cranny by its name. Raises Invalid, codes `no-such-file` and
    `file-unreadable`."""
    from cranny import sites

    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        shipped = sites.shipped_banks()
        if str(file) in shipped:
            return shipped[str(file)]
        names = ", ".join(sorted(shipped))
        raise Invalid(
            f"There is no file {file}, nor a shipped bank of that name ({names}).", code="no-such-file"
        ) from None
    except OSError as error:
        raise Invalid(f"{file} can't be read: {os.strerror(error.errno or 0)}.", code="file-unreadable") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is not text in UTF-8 (byte {error.start}).", code="file-unreadable") from error


def call(server: str, key: str, method: str, path: str, *, body: str = "", kind: str = "application/json") -> Any:
    """Ask the API; what it answers. Raises CrannyError with the problem's own code and sentence; Invalid, code
    `api-key-unsaid`; and Unavailable, code `server-silent`."""
    import httpx2

    if key == UNSAID:
        raise Invalid(
            "Whose banks? Set CRANNY_API_KEY to the tenant's API key, or say --key. `cranny tenant add` prints one.",
            code="api-key-unsaid",
        )

    headers = {"Authorization": f"Bearer {key}", "Content-Type": kind}
    if method == "POST":
        headers["Idempotency-Key"] = str(TimeIds(SystemClock(), SystemRng()).new())
    try:
        answer = httpx2.request(method, server + path, headers=headers, content=body.encode(), timeout=45)
    except httpx2.TransportError as error:
        raise Unavailable(
            f"{server} does not answer ({error}). Is `cranny up` running?", code="server-silent"
        ) from error
    if answer.is_error:
        raise _problem(answer)
    return answer.json()


def _problem(answer: "httpx2.Response") -> CrannyError:
    """What the server says is wrong; or whoever stands before it, and knows nothing of problem documents."""
    try:
        problem = answer.json()
        return CrannyError(problem["detail"], code=problem["code"], extra={"errors": problem.get("errors") or ()})
    except (ValueError, KeyError, TypeError):
        return Unavailable(
            f"{answer.url.host} answers {answer.status_code} {answer.reason_phrase}, which is not Cranny's word: is "
            "the address right?",
            code="server-silent",
        )
