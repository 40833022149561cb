"""A bank's life, row by row where it surprises."""

from pathlib import Path

from cranny.core.lifecycle_page import read
from cranny.fleet.lifecycle import BANK, BankState, BankTrigger

DOCS = Path(__file__).parents[3] / "docs" / "lifecycles"


def test_the_page_in_docs_is_what_the_code_says():
    assert (DOCS / "bank.md").read_text(encoding="utf-8") == read("cranny.fleet.lifecycle:BANK"), (
        "print it anew: python -m cranny.core.lifecycle_page cranny.fleet.lifecycle:BANK > docs/lifecycles/bank.md"
    )


def test_only_a_new_epoch_mends_a_fork():
    leaves = {trigger for trigger in BankTrigger if BANK.move(BankState.FORKED, trigger).to is not BankState.FORKED}
    assert leaves == {BankTrigger.EPOCH}


def test_a_bank_nobody_speaks_for_is_never_online():
    for trigger in (BankTrigger.BEAT, BankTrigger.SILENCE):
        assert BANK.move(BankState.UNENROLLED, trigger).to is BankState.UNENROLLED
