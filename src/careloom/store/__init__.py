"""The record: versions of resources, their index, the change log and what notify keeps, behind one port.

Implementations: one SQLite file (`open_sqlite`) and memory (`MemoryRepository`).
"""

from careloom.store.events import Attempt, Cursor, EventLog, Lane, Match, Recovery, SubscriptionEvent
from careloom.store.memory import MemoryRepository
from careloom.store.port import Change, Page, Repository, Turn, Version
from careloom.store.sqlite import open_sqlite

__all__ = [
    "Attempt",
    "Change",
    "Cursor",
    "EventLog",
    "Lane",
    "Match",
    "MemoryRepository",
    "Page",
    "Recovery",
    "Repository",
    "SubscriptionEvent",
    "Turn",
    "Version",
    "open_sqlite",
]
