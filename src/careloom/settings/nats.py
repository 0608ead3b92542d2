"""The section ``[nats]``: the broker that notifications are published on."""

import re
from typing import Final

from careloom.notify.channels.nats import Broker
from careloom.settings.tables import Table

_SERVER: Final = re.compile(r"(nats|tls|ws|wss)://[^\s/@]+")
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PREFIX: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def read_nats(root: Table) -> Broker | None:
    """The section of a settings file, None where there is none; what is wrong with it becomes a complaint."""
    if "nats" not in root:
        root.table("nats")
        return None
    with root.table("nats") as nats:
        return Broker(
            servers=nats.texts("servers", pattern=_SERVER, form="addresses such as nats://broker.example:4222"),
            stream=nats.text("stream", pattern=_NAME, form="the name of a stream"),
            prefix=nats.text("prefix", "careloom", pattern=_PREFIX, form="the beginning of a subject"),
            credentials=nats.path_if_any("credentials"),
            user=nats.text("user", ""),
            password=nats.secret("password_file"),
            patience=nats.seconds("patience", 5.0),
        )
