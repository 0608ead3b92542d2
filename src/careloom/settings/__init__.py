"""Every setting of the hub, read from one TOML file."""

from careloom.settings.load import OVERRIDES, load_settings
from careloom.settings.sections import AuditSettings, DefinitionSettings, HubSettings, NotifySettings, Settings

__all__ = [
    "OVERRIDES",
    "AuditSettings",
    "DefinitionSettings",
    "HubSettings",
    "NotifySettings",
    "Settings",
    "load_settings",
]
