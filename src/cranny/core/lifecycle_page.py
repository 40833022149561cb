"""Prints a lifecycle's table as a page for people, so that documents can't drift from the code:

python -m cranny.core.lifecycle_page cranny.access.lifecycle:GRANT > docs/lifecycles/grant.md
"""

import inspect
import sys
from importlib import import_module
from types import ModuleType

from cranny.core.lifecycle import Lifecycle, S, T


def page(life: Lifecycle[S, T], told_in: ModuleType) -> str:
    """A Markdown page: the docstring of the module that tells it, then each state with what leads out of it."""
    parts = [f"# The life of a {life.name}", "", inspect.getdoc(told_in) or "", ""]
    for state in life.states:
        mark = " (start)" if state is life.start else " (final)" if state in life.final else ""
        parts += [f"## {state.value}{mark}", "", "| trigger | leads to | event | why |", "|---|---|---|---|"]
        parts += _rows(life, state)
        parts.append("")
    return "\n".join(parts)


def _rows(life: Lifecycle[S, T], state: S) -> list[str]:
    lines = []
    for (here, trigger), row in life.table.items():
        if here is state:
            to = "stays" if row.to is state else f"**{row.to.value}**"
            event = f"`{row.emits}`" if row.emits else ""
            lines.append(f"| {trigger.value} | {to} | {event} | {row.why} |")
    return lines


def read(address: str) -> str:
    """The page of `module:NAME`."""
    module, _, name = address.partition(":")
    told_in = import_module(module)
    return page(getattr(told_in, name), told_in)


if __name__ == "__main__":
    sys.stdout.write(read(sys.argv[1]))
