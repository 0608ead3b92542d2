"""NEMS: event messages of the National Events Management Service, in FHIR STU3, as changes of the record.

Source: NHS England, National Events Management Service, event messages.
"""

from careloom.connectors.nems.event import EventMessage, read_event
from careloom.connectors.nems.source import EventRules, NemsSource
from careloom.connectors.nems.stu3 import as_r4

__all__ = ["EventMessage", "EventRules", "NemsSource", "as_r4", "read_event"]
