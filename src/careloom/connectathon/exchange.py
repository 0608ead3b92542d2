"""One exchange between two systems, as it was seen on the wire: the unit of evidence."""

import base64
from datetime import datetime
from typing import Any

from careloom.model import parse_json
from careloom.model.errors import MalformedError
from careloom.model.instants import instant
from careloom.model.records import dataclass, field

Headers = tuple[tuple[str, str], ...]
"""Header names in lower case and their values, in the order of the wire."""


@dataclass(frozen=True, slots=True)
class Message:
    """Half of an exchange: what was asked, or what was answered."""

    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of a header, None where it is absent."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key == wanted), None)

    def json(self) -> Any:
        """The body as plain JSON values; None where it is not JSON."""
        try:
            return parse_json(self.body)
        except MalformedError:
            return None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer, between two roles of a scenario.

    Attributes:
        number: Order in which the requests of a run began, from 1.
        step: Id of the scenario's step during which it began.
        sender: Role that asked; empty when the recorder could not tell.
        receiver: Role that was asked.
        identified_by: What told the sender: ``client assertion``, ``access token``, ``gateway`` or ``user agent``.
        path: Path with its query, as the receiver saw it.
        status: HTTP status; 0 while unanswered, and for ever where no answer came.
        fault: Why no answer came.
        ended: None while unanswered.
    """

    number: int
    step: str
    sender: str
    receiver: str
    identified_by: str
    method: str
    path: str
    began: datetime
    request: Message
    status: int = 0
    response: Message = field(default_factory=Message)
    ended: datetime | None = None
    fault: str = ""

    @property
    def is_over(self) -> bool:
        """Whether there is an answer, or it is known that none will come."""
        return self.ended is not None

    @property
    def milliseconds(self) -> float:
        """From the request's first byte to the answer's last; 0 while unanswered."""
        return (self.ended - self.began).total_seconds() * 1000 if self.ended else 0.0


def exchange_record(exchange: Exchange) -> dict[str, Any]:
    """The exchange as the evidence file holds it; a body that is not UTF-8 is told in base64."""
    return {
        "number": exchange.number,
        "step": exchange.step,
        "from": exchange.sender,
        "to": exchange.receiver,
        "identifiedBy": exchange.identified_by,
        "method": exchange.method,
        "path": exchange.path,
        "began": instant(exchange.began),
        "ended": instant(exchange.ended) if exchange.ended else None,
        "request": _message_record(exchange.request),
        "status": exchange.status,
        "response": _message_record(exchange.response),
        "fault": exchange.fault,
    }


def _message_record(message: Message) -> dict[str, Any]:
    headers = [list(pair) for pair in message.headers]
    try:
        return {"headers": headers, "body": message.body.decode()}
    except UnicodeDecodeError:
        return {"headers": headers, "base64": base64.b64encode(message.body).decode()}
