"""Signals: word that something happened, and where to read about it, as CloudEvents and in the shape of MNS.

A signal tells nothing clinical: it has a type, a source, a time, perhaps the NHS number of whom it is about, and the
address of the record, which a receiver reads with its own rights.

Source: CloudEvents 1.0; NHS England, Multicast Notification Service.
"""

from careloom.notify.signals.bundle import read_signal_bundle, signal_bundle
from careloom.notify.signals.cloud_events import (
    BATCH,
    STRUCTURED,
    is_cloud_event,
    read_cloud_events,
    written_cloud_event,
)
from careloom.notify.signals.signal import Signal

__all__ = [
    "BATCH",
    "STRUCTURED",
    "Signal",
    "is_cloud_event",
    "read_cloud_events",
    "read_signal_bundle",
    "signal_bundle",
    "written_cloud_event",
]
