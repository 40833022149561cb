"""A person at the bank opens each door in turn and says what opens: wiring mistakes are found, and written down."""

from cranny.edge.commissioning.dialogue import Commission, Stopped, Technician
from cranny.edge.commissioning.findings import Finding, conclude, report
from cranny.edge.commissioning.ledger import FileLedger, JournalLedger, Ledger
from cranny.edge.commissioning.notes import Notes

__all__ = [
    "Commission",
    "FileLedger",
    "Finding",
    "JournalLedger",
    "Ledger",
    "Notes",
    "Stopped",
    "Technician",
    "conclude",
    "report",
]
