"""Looking after a database while no hub, or in spite of the hubs that use it: status, upgrade, backup, check, move.

A backup and a move carry all rows of all tables (`careloom.store.upkeep.tables`) out of one snapshot into an empty
database, of either kind, and read them again to see that all arrived. A check holds the parts of a record against each
other, makes the search index anew to compare, and finds contents that are another tenant's; `reindex` puts the new
index in the place of the old one.
"""

from careloom.store.upkeep.carrying import back_up, move, restore
from careloom.store.upkeep.checking import Finding, Report, check
from careloom.store.upkeep.databases import Database, alone, opened, require_stopped, snapshot, vacant
from careloom.store.upkeep.reindexing import reindex
from careloom.store.upkeep.status import Status, status, upgrade
from careloom.store.upkeep.tally import Tally

__all__ = [
    "Database",
    "Finding",
    "Report",
    "Status",
    "Tally",
    "alone",
    "back_up",
    "check",
    "move",
    "opened",
    "reindex",
    "require_stopped",
    "restore",
    "snapshot",
    "status",
    "upgrade",
    "vacant",
]
