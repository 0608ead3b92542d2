"""Settings that the environment has: what differs from machine to machine, and nothing that is policy."""

from collections.abc import Mapping
from typing import Any, Final

OVERRIDES: Final = {
    "CARELOOM_HUB_BASE_URL": "hub.base_url",
    "CARELOOM_HUB_HOST": "hub.host",
    "CARELOOM_HUB_PORT": "hub.port",
    "CARELOOM_HUB_DATABASE": "hub.database",
    "CARELOOM_HUB_KEY_FILE": "hub.key_file",
    "CARELOOM_STORE_URL": "store.url",
}
"""Environment variables that go before the file, each with its setting."""


def with_overrides(values: dict[str, Any], environ: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of a file with those of the environment over them, and by setting the variable that it comes from."""
    changed, sources = dict(values), {}
    for name, setting in OVERRIDES.items():
        section, key = setting.split(".")
        text, table = environ.get(name), changed.get(section, {})
        if text and isinstance(table, dict):
            changed[section] = table | {key: int(text) if key == "port" and text.isdecimal() else text}
            sources[setting] = name
    return changed, sources
