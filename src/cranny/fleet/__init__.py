"""Floor 3: the banks as a fleet. Rights go down to them, facts come up from them, and what contradicts is listed."""

from cranny.fleet.anomalies import raise_anomaly
from cranny.fleet.audit import Walk
from cranny.fleet.beside import beside
from cranny.fleet.changes import Breach, Change, Ended, FactRow, Finding, Started, Told
from cranny.fleet.climate.alarms import live_alarms
from cranny.fleet.climate.lifecycle import ALARM, AlarmState
from cranny.fleet.climate.reading import Log as TemperatureLog
from cranny.fleet.climate.reading import shown_now, temperature
from cranny.fleet.climate.series import Gap, Step
from cranny.fleet.climate.tables import AlarmRow
from cranny.fleet.commits import Commits
from cranny.fleet.downlink import append, pending
from cranny.fleet.enrolment import Claim, create_claim, enrol, speaks_for
from cranny.fleet.held import held, open_anomalies
from cranny.fleet.ingest import Arrival, take_many, take_one
from cranny.fleet.lifecycle import ANOMALY, BANK, AnomalyState, BankState, BankTrigger
from cranny.fleet.own import FEATURE
from cranny.fleet.rules import NOTHING_YET, Cursor, Link
from cranny.fleet.status import BankStatus, status
from cranny.fleet.store import Store, Stores, Uplink

__all__ = [
    "ALARM",
    "ANOMALY",
    "BANK",
    "FEATURE",
    "NOTHING_YET",
    "AlarmRow",
    "AlarmState",
    "AnomalyState",
    "Arrival",
    "BankState",
    "BankStatus",
    "BankTrigger",
    "Breach",
    "Change",
    "Claim",
    "Commits",
    "Cursor",
    "Ended",
    "FactRow",
    "Finding",
    "Gap",
    "Link",
    "Started",
    "Step",
    "Store",
    "Stores",
    "TemperatureLog",
    "Told",
    "Uplink",
    "Walk",
    "append",
    "beside",
    "create_claim",
    "enrol",
    "held",
    "live_alarms",
    "open_anomalies",
    "pending",
    "raise_anomaly",
    "shown_now",
    "speaks_for",
    "status",
    "take_many",
    "take_one",
    "temperature",
]
