"""Large code systems on disk: one SQLite file each, made once from a CodeSystem, then only read."""

from careloom.terminology.stored.content import StoredContent
from careloom.terminology.stored.loading import Loaded, load_code_system
from careloom.terminology.stored.store import CodeSystemStore

__all__ = ["CodeSystemStore", "Loaded", "StoredContent", "load_code_system"]
