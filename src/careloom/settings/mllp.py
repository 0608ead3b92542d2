"""The sections ``[[mllp]]``: ports that take HL7 v2, each for one sending system."""

import re
from typing import Final

from careloom.connectors.hl7v2 import PROCESSING_IDS, PRODUCTION, Limits, Tables, load_tables
from careloom.model.records import dataclass
from careloom.settings.forms import read_purpose
from careloom.settings.tables import Table

_USUAL: Final = Limits()
_PROCESSING: Final = re.compile("|".join(PROCESSING_IDS))


@dataclass(frozen=True, slots=True)
class MllpSettings:
    """One port.

    Attributes:
        client: Id of the client that the sending system is; what it may write is agreed for that client.
        purpose: Purpose of use of what it sends.
        host: Address to listen on.
        port: Port to listen on; 0 lets the system choose.
        processing: Processing ids, MSH-11, of the messages that are taken.
        tables: How messages become resources: ours, with those of the site laid over them.
        limits: What one connection may ask for.
    """

    client: str
    purpose: str
    host: str
    port: int
    processing: tuple[str, ...]
    tables: Tables
    limits: Limits


def read_mllp(root: Table) -> tuple[MllpSettings, ...]:
    """The sections of a settings file; what is wrong with them becomes a complaint."""
    return tuple(_port(table) for table in root.tables("mllp"))


def _port(table: Table) -> MllpSettings:
    with table:
        return MllpSettings(
            client=table.text("client"),
            purpose=read_purpose(table, default="TREAT"),
            host=table.text("host", "127.0.0.1"),
            port=table.whole("port", 2575, most=65535),
            processing=table.texts(
                "processing", (PRODUCTION,), pattern=_PROCESSING, form=f"out of {', '.join(PROCESSING_IDS)}"
            ),
            tables=_tables(table),
            limits=Limits(
                message_bytes=table.whole("message", _USUAL.message_bytes, least=1_000),
                under_way=table.whole("under_way", _USUAL.under_way, least=1),
                patience=table.seconds("patience", _USUAL.patience),
                connection_bytes=table.whole("held", _USUAL.connection_bytes, least=1_000),
                connections=table.whole("connections", _USUAL.connections, least=1),
            ),
        )


def _tables(table: Table) -> Tables:
    path = table.path_if_any("tables")
    return table.attempt("tables", lambda: load_tables(path), load_tables())
