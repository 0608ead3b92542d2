"""The section ``[hub]``: where the hub is, and where it keeps things."""

from datetime import UTC, tzinfo
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from careloom.model.records import dataclass
from careloom.settings.forms import ID, ID_FORM, URL, URL_FORM, read_purposes
from careloom.settings.tables import Table, told

USUAL_PORT: Final = 8080


@dataclass(frozen=True, slots=True)
class HubSettings:
    """Where the hub is, and where it keeps things.

    Attributes:
        base_url: Address of the FHIR base as clients know it, without a slash at the end.
        host: Address to listen on.
        port: Port to listen on, that of the address unless set; 0 lets the system choose.
        database: The SQLite file, unless the section ``[store]`` names another database.
        tenant: The locality, first part of every key of the record.
        key_file: Private key that signs access tokens; made at the first start.
        time_zone: The zone that dates in the file are meant in.
        purposes: Purposes of use that are accepted.
        pages: Whether there are pages for people beside the FHIR base.
    """

    base_url: str
    host: str
    port: int
    database: Path
    tenant: str
    key_file: Path
    time_zone: tzinfo
    purposes: frozenset[str]
    pages: bool


def read_hub(root: Table) -> HubSettings:
    """The section of a settings file; what is wrong with it becomes a complaint."""
    with root.table("hub") as hub:
        url = hub.text("base_url", pattern=URL, form=URL_FORM).rstrip("/")
        return HubSettings(
            base_url=url,
            host=hub.text("host", "127.0.0.1"),
            port=hub.whole("port", _port(url), most=65535),
            database=hub.path("database", "var/hub.db"),
            tenant=hub.text("tenant", "default", pattern=ID, form=ID_FORM),
            key_file=hub.path("key_file", "var/hub-key.json"),
            time_zone=_time_zone(hub),
            purposes=read_purposes(hub, "purposes", ("TREAT",)),
            pages=hub.flag("pages", True),
        )


def _port(url: str) -> int:
    """The port that an address names; without one the hub stands behind something that has it."""
    try:
        return urlsplit(url).port or USUAL_PORT
    except ValueError:
        return USUAL_PORT


def _time_zone(hub: Table) -> tzinfo:
    name = hub.text("time_zone", "UTC")
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        hub.complain("time_zone", f"the name of a time zone that this machine knows expected, found {told(name)}")
        return UTC
