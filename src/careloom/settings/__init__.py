"""Every setting of the hub, read from one TOML file."""

from careloom.settings.audit import AuditSettings
from careloom.settings.definitions import DefinitionSettings
from careloom.settings.environment import OVERRIDES
from careloom.settings.hub import HubSettings
from careloom.settings.load import load_settings
from careloom.settings.notify import NotifySettings
from careloom.settings.settings import Settings

__all__ = [
    "OVERRIDES",
    "AuditSettings",
    "DefinitionSettings",
    "HubSettings",
    "NotifySettings",
    "Settings",
    "load_settings",
]
