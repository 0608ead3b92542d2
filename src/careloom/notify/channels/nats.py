"""NATS JetStream as a channel: notifications go onto a stream of the operator's broker, for many to read.

An endpoint is ``nats:PREFIX.CLIENT.what.it.likes``: the broker is the operator's, and below the prefix each client has
subjects of its own. A notification counts as accepted once the stream has acknowledged it. Its id is the message id, by
which the stream itself drops what is published twice. The record stays with the hub: a broker that lost everything
would be told again by a replay.

Source: NATS, JetStream model deep dive; message deduplication.
"""

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from careloom.model.errors import InvalidError, UnavailableError
from careloom.model.instants import Clock
from careloom.model.records import dataclass, field
from careloom.notify.rest_hook import TOO_LARGE, Outcome
from careloom.notify.signature import signed_headers

if TYPE_CHECKING:
    from nats.aio.client import Client

KIND: Final = "nats"

_SUBJECT: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_LONGEST: Final = 255


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is.

    Attributes:
        servers: Addresses, ``nats://broker.example:4222`` or ``tls://…``.
        stream: Name of the stream, which the operator makes.
        prefix: What the subjects of all notifications begin with.
        credentials: File of credentials; None where the broker asks for none.
        user: Name, where it asks for one.
        password: That goes with the name.
        patience: Seconds until a connection, or an acknowledgement, is there.
    """

    servers: tuple[str, ...]
    stream: str
    prefix: str
    credentials: Path | None = None
    user: str = ""
    password: str = field(default="", repr=False)
    patience: float = 5.0


class Nats:
    """Publishes notifications."""

    def __init__(self, broker: Broker, *, clock: Clock) -> None:
        """Prepare to publish; the broker is connected to when there is something to tell.

        Args:
            broker: Where it is.
            clock: For the timestamp that is signed.

        Raises:
            UnavailableError: The client of NATS is not installed.
        """
        try:
            import nats  # an extra that most hubs do without  # noqa: PLC0415
        except ImportError as error:
            raise UnavailableError("nats: the package nats-py expected, as `careloom[nats]` brings it") from error
        self._nats: Any = nats
        self._broker = broker
        self._clock = clock
        self._client: Client | None = None
        self._connecting = asyncio.Lock()

    def check(self, endpoint: str, client: str) -> None:
        """Judge an endpoint for a client.

        Raises:
            InvalidError: No subject, or none of the client's own.
        """
        subject = subject_of(endpoint)
        own = f"{self._broker.prefix}.{_token(client)}."
        if not subject.startswith(own):
            raise InvalidError(f"endpoint {endpoint!r}: a subject of the client's own, nats:{own}…, expected")

    async def send(
        self, endpoint: str, body: bytes, *, webhook_id: str, secret: str, headers: tuple[tuple[str, str], ...]
    ) -> Outcome:
        """Try once, and wait until the stream has it."""
        content_type = dict(headers).get("Content-Type", "application/fhir+json")
        sent = {"Nats-Msg-Id": webhook_id, "Content-Type": content_type}
        if secret:
            sent |= signed_headers(secret, webhook_id, self._clock(), body)
        errors = self._nats.errors
        try:
            subject = subject_of(endpoint)
            stream = (await self._connected()).jetstream(timeout=self._broker.patience)
            await stream.publish(subject, body, headers=sent, stream=self._broker.stream)
        except InvalidError as error:
            return Outcome("refused", detail=str(error))
        except errors.MaxPayloadError:
            return Outcome("rejected", TOO_LARGE, "larger than the broker takes")
        except (errors.Error, self._nats.js.errors.Error, OSError, TimeoutError) as error:
            return Outcome("retry", detail=f"{type(error).__name__}: {error}")
        return Outcome("accepted", 202)

    async def close(self) -> None:
        """Leave the broker."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _connected(self) -> "Client":
        """The connection, which mends itself once it was there."""
        async with self._connecting:
            if self._client is None or self._client.is_closed:
                broker = self._broker
                self._client = await self._nats.connect(
                    servers=list(broker.servers),
                    name="careloom",
                    user=broker.user or None,
                    password=broker.password or None,
                    user_credentials=str(broker.credentials) if broker.credentials else None,
                    connect_timeout=broker.patience,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=0.2,
                    allow_reconnect=True,
                    error_cb=_silently,
                )
            return self._client


def subject_of(endpoint: str) -> str:
    """The subject that an endpoint names.

    Raises:
        InvalidError: None, or one with wildcards or signs that some broker might not take.
    """
    subject = endpoint.removeprefix(f"{KIND}:")
    if subject == endpoint or len(subject) > _LONGEST or not _SUBJECT.fullmatch(subject):
        raise InvalidError(f"endpoint {endpoint!r}: nats:SUBJECT, of letters, digits, - and _ between dots, expected")
    return subject


def _token(client: str) -> str:
    """The id of a client as one part of a subject; a dot would make it two."""
    return client.replace(".", "_")


async def _silently(error: Exception) -> None:
    """What goes wrong is the outcome of a try, and is told there."""
