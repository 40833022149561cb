"""Floor 3: the banks as a fleet. Rights go down to them, facts come up from them, and what contradicts is listed."""

from cranny.fleet.anomalies import get_anomaly, newest_anomalies, raise_anomaly, settle_about
from cranny.fleet.anomalies import settle as settle_anomaly
from cranny.fleet.audit import Walk
from cranny.fleet.beside import beside
from cranny.fleet.changes import Breach, Change, Ended, FactRow, Finding, Started, Told
from cranny.fleet.climate.alarms import acknowledge as acknowledge_alarm
from cranny.fleet.climate.alarms import get_alarm, live_alarms
from cranny.fleet.climate.lifecycle import ALARM, AlarmState
from cranny.fleet.climate.reading import Log as TemperatureLog
from cranny.fleet.climate.reading import shown_now, temperature
from cranny.fleet.climate.series import Gap, Step
from cranny.fleet.climate.tables import AlarmRow
from cranny.fleet.commands.asking import Outgoing
from cranny.fleet.commands.asking import agree as agree_to_command
from cranny.fleet.commands.asking import ask as ask_command
from cranny.fleet.commands.asking import confirm as confirm_command
from cranny.fleet.commands.asking import decline as decline_command
from cranny.fleet.commands.asking import foresee as foresee_second_person
from cranny.fleet.commands.leave import allow_token
from cranny.fleet.commands.lifecycle import COMMAND, CommandState
from cranny.fleet.commands.reading import awaiting as awaiting_commands
from cranny.fleet.commands.reading import newest as newest_commands
from cranny.fleet.commands.reading import shown as get_command
from cranny.fleet.commands.sending import Dispatcher
from cranny.fleet.commands.shapes import CommandAsked, CommandShown, Who
from cranny.fleet.commits import Commits
from cranny.fleet.downlink import TAGS, append, pending
from cranny.fleet.enrolment import Claim, create_claim, enrol, speaks_for
from cranny.fleet.held import held, open_anomalies
from cranny.fleet.ingest import Arrival, take_many, take_one
from cranny.fleet.lifecycle import ANOMALY, BANK, AnomalyState, BankState, BankTrigger
from cranny.fleet.next_steps import next_step
from cranny.fleet.own import FEATURE
from cranny.fleet.personal import forget_beside, unsay
from cranny.fleet.realigning import Place, is_ours
from cranny.fleet.renewal import Known
from cranny.fleet.rules import NOTHING_YET, Cursor, Link
from cranny.fleet.status import BankStatus, status
from cranny.fleet.store import Store, Stores, Uplink
from cranny.fleet.tables import AnomalyRow as Anomaly

__all__ = [
    "ALARM",
    "ANOMALY",
    "BANK",
    "COMMAND",
    "FEATURE",
    "NOTHING_YET",
    "TAGS",
    "AlarmRow",
    "AlarmState",
    "Anomaly",
    "AnomalyState",
    "Arrival",
    "BankState",
    "BankStatus",
    "BankTrigger",
    "Breach",
    "Change",
    "Claim",
    "CommandAsked",
    "CommandShown",
    "CommandState",
    "Commits",
    "Cursor",
    "Dispatcher",
    "Ended",
    "FactRow",
    "Finding",
    "Gap",
    "Known",
    "Link",
    "Outgoing",
    "Place",
    "Started",
    "Step",
    "Store",
    "Stores",
    "TemperatureLog",
    "Told",
    "Uplink",
    "Walk",
    "Who",
    "acknowledge_alarm",
    "agree_to_command",
    "allow_token",
    "append",
    "ask_command",
    "awaiting_commands",
    "beside",
    "confirm_command",
    "create_claim",
    "decline_command",
    "enrol",
    "foresee_second_person",
    "forget_beside",
    "get_alarm",
    "get_anomaly",
    "get_command",
    "held",
    "is_ours",
    "live_alarms",
    "newest_anomalies",
    "newest_commands",
    "next_step",
    "open_anomalies",
    "pending",
    "raise_anomaly",
    "settle_about",
    "settle_anomaly",
    "shown_now",
    "speaks_for",
    "status",
    "take_many",
    "take_one",
    "temperature",
    "unsay",
]
