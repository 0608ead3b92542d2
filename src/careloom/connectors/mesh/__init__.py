"""MESH, the Message Exchange for Social Care and Health: a mailbox of the NHS, sent from and collected from.

Source: NHS England, MESH API, version 2.
"""

from careloom.connectors.mesh.authorization import MailboxKey
from careloom.connectors.mesh.mailbox import Mailbox, Received, Report, Tracking
from careloom.connectors.mesh.poller import Poller

__all__ = ["Mailbox", "MailboxKey", "Poller", "Received", "Report", "Tracking"]
