"""Floor 2: sites, banks, compartments, size classes, occupancies and promises of capacity.

The server promises counts and never picks a door; which door is used is what the bank reports.
"""

from cranny.sites.banks import (
    Bank,
    DoorNow,
    Locked,
    add_bank,
    as_channel,
    as_layout,
    as_policy,
    get_bank,
    layout_of,
    list_banks,
    list_doors,
    lock_bank,
    set_policy,
)
from cranny.sites.classes import SizeClass, add_size_class, default_size_classes, list_size_classes
from cranny.sites.climate import set_unfit
from cranny.sites.layout import read_json, read_yaml, shipped_bank, shipped_banks
from cranny.sites.lifecycle import RESERVATION
from cranny.sites.occupancy import Blocked, Occupied, Vacated, block, follow, lying, occupy, unblock, vacate
from cranny.sites.overbooked import reject_overbooked, reject_promises
from cranny.sites.own import FEATURE
from cranny.sites.places import BankChange, SiteChange, change_bank, change_site
from cranny.sites.policy import BankPolicy
from cranny.sites.promises import (
    PromiseAsked,
    lapse_promises,
    promise,
    promise_many,
    release_promise,
    use_promise,
)
from cranny.sites.shapes import FEATURES, BankFile, SensorFile
from cranny.sites.stock import Capacity, Stock, Wanted, free_counts, stock_of

__all__ = [
    "FEATURE",
    "FEATURES",
    "RESERVATION",
    "Bank",
    "BankChange",
    "BankFile",
    "BankPolicy",
    "Blocked",
    "Capacity",
    "DoorNow",
    "Locked",
    "Occupied",
    "PromiseAsked",
    "SensorFile",
    "SiteChange",
    "SizeClass",
    "Stock",
    "Vacated",
    "Wanted",
    "add_bank",
    "add_size_class",
    "as_channel",
    "as_layout",
    "as_policy",
    "block",
    "change_bank",
    "change_site",
    "default_size_classes",
    "follow",
    "free_counts",
    "get_bank",
    "lapse_promises",
    "layout_of",
    "list_banks",
    "list_doors",
    "list_size_classes",
    "lock_bank",
    "lying",
    "occupy",
    "promise",
    "promise_many",
    "read_json",
    "read_yaml",
    "reject_overbooked",
    "reject_promises",
    "release_promise",
    "set_policy",
    "set_unfit",
    "shipped_bank",
    "shipped_banks",
    "stock_of",
    "unblock",
    "use_promise",
    "vacate",
]
