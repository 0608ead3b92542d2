"""The other side of a subscription: for programs that are told by a hub.

Three lines take a notification: whose signature is right, that is not told twice, and before which nothing is missing::

    receiver = Receiver(secret="whsec_…", memory=FileMemory("told.db"), fetch=fetch_with_token)

    def hook(headers, body):                      # in any web framework
        receiver.take(headers, body, handle)      # handle(event) is called once an event, in order

It needs nothing of the hub's own data, and works with any that follows the Subscriptions Backport guide.
"""

from careloom.receiver.memory import FileMemory, Memory, VolatileMemory
from careloom.receiver.notification import Event, Notification, read_notification
from careloom.receiver.receiver import Fetch, GapError, Handle, Receiver, Taken

__all__ = [
    "Event",
    "Fetch",
    "FileMemory",
    "GapError",
    "Handle",
    "Memory",
    "Notification",
    "Receiver",
    "Taken",
    "VolatileMemory",
    "read_notification",
]
