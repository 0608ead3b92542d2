"""Signals: word that something happened, and where to read about it; in as CloudEvents, out in the shape of MNS.

A signal tells nothing clinical: it has a type, a source, a time, perhaps the NHS number of whom it is about, and the
address of the record, which a receiver reads with its own rights.

Source: CloudEvents 1.0; NHS England, Multicast Notification Service.
"""

from careloom.connectors.signals.bundle import read_signal_bundle, signal_bundle
from careloom.connectors.signals.cloud_events import read_cloud_events, written_cloud_event
from careloom.connectors.signals.signal import Signal
from careloom.connectors.signals.source import SignalSource

__all__ = [
    "Signal",
    "SignalSource",
    "read_cloud_events",
    "read_signal_bundle",
    "signal_bundle",
    "written_cloud_event",
]
