"""Admissions, discharges and transfers out of HL7 v2, over MLLP: read, mapped by tables, recorded, acknowledged."""

from careloom.connectors.hl7v2.listener import Limits, MllpListener
from careloom.connectors.hl7v2.loading import load_tables
from careloom.connectors.hl7v2.message import Message, Segment, Value, parse
from careloom.connectors.hl7v2.processing import PROCESSING_IDS, PRODUCTION
from careloom.connectors.hl7v2.source import Hl7v2Source
from careloom.connectors.hl7v2.tables import Tables

__all__ = [
    "PROCESSING_IDS",
    "PRODUCTION",
    "Hl7v2Source",
    "Limits",
    "Message",
    "MllpListener",
    "Segment",
    "Tables",
    "Value",
    "load_tables",
    "parse",
]
