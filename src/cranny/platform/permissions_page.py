"""Prints who may do what as a table for people, so that documents can't drift from the code:

python -m cranny.platform.permissions_page
"""

import sys
from typing import Final

from cranny.platform.permissions import STEP_UP, TABLE, Action, Reach, Role

SIGNS: Final = {Reach.ALL: "all", Reach.OWN: "own", None: ""}


def table() -> str:
    """A row for each action: `all` things of the tenant or the site, `own` ones, or none."""
    lines = [
        f"| action | {' | '.join(Role)} |",
        f"|---|{'---|' * len(Role)}",
    ]
    for action in Action:
        cells = [SIGNS[TABLE[role].get(action)] for role in Role]
        mark = " *" if action in STEP_UP else ""
        lines.append(f"| `{action}`{mark} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
