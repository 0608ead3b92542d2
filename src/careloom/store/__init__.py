"""The record: versions of resources, their index, the change log and what notify keeps, behind one port.

Implementations: one SQLite file (`open_sqlite`), PostgreSQL (`careloom.store.postgres`) and memory
(`MemoryRepository`); `careloom.store.source` opens the one that an address names.
"""

from careloom.store.audit_form import AuditForm
from careloom.store.events import (
    Attempt,
    Cursor,
    DeadLetter,
    EventLog,
    LaneStart,
    Match,
    Recovery,
    Replay,
    SubscriptionEvent,
)
from careloom.store.history import HistoryPage, HistoryQuery
from careloom.store.leases import LeaseLostError
from careloom.store.memory import MemoryRepository
from careloom.store.port import Change, Page, Prepared, Repository, Stretch, Turn
from careloom.store.sharing import Patience, Returning, SharedTurns
from careloom.store.sqlite import open_sqlite
from careloom.store.versions import Text, Version

__all__ = [
    "Attempt",
    "AuditForm",
    "Change",
    "Cursor",
    "DeadLetter",
    "EventLog",
    "HistoryPage",
    "HistoryQuery",
    "LaneStart",
    "LeaseLostError",
    "Match",
    "MemoryRepository",
    "Page",
    "Patience",
    "Prepared",
    "Recovery",
    "Replay",
    "Repository",
    "Returning",
    "SharedTurns",
    "Stretch",
    "SubscriptionEvent",
    "Text",
    "Turn",
    "Version",
    "open_sqlite",
]
