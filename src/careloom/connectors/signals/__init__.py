"""Signals that come in: put on record, by which topics can tell them on.

What a signal is, and how it is read and written, is in `careloom.notify.signals`.
"""

from careloom.connectors.signals.source import SignalSource

__all__ = ["SignalSource"]
