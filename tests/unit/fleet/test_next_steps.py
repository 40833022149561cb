"""Every kind of anomaly that the code can raise has its next step."""

import re
from pathlib import Path
from uuid import UUID

import pytest

from cranny.fleet.next_steps import STEPS, UNKNOWN, next_step

SOURCE = Path(__file__).parents[3] / "src/cranny"
BANK = UUID(int=2)
SUBJECT = "deliveries/019cadc6-9a80-7de4-9145-27ff8431312a"
RAISED = re.compile(
    r"(?:raise_anomaly\(\s*[^\"]*?|Finding\([^\"]*?|contradicts\([^\"]*?|_finding\([^\"]*?)\"([a-z_]+)\"", re.DOTALL
)
WORD = re.compile(r"\"(collected_after_\w+|deposit_not_told|emptied_\w+|deposited_\w+)\"")


def raised() -> set[str]:
    found: set[str] = set()
    for room in ("fleet", "access", "usecases/deliveries"):
        for file in (SOURCE / room).rglob("*.py"):
            if file.name != "next_steps.py":
                text = file.read_text(encoding="utf-8")
                found |= set(RAISED.findall(text)) | set(WORD.findall(text))
    return found


def test_every_kind_has_its_row() -> None:
    kinds = {kind for kind in raised() if "_" in kind}
    assert len(kinds) > 20
    assert kinds - STEPS.keys() == set()


@pytest.mark.parametrize("kind", [*STEPS, "something_new"])
def test_each_says_what_to_do(kind: str) -> None:
    step = next_step(kind, BANK, SUBJECT, {"token_id": "019"})
    assert step.sentence[0].isupper()
    assert step.sentence.endswith(".")
    if step.request:
        method, _, path = step.request.partition(" ")
        assert method in {"GET", "POST"}
        assert path.startswith("/v1/")
        assert "{" not in path
    assert (step == UNKNOWN) == (kind == "something_new")
