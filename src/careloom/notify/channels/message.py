"""FHIR messaging as a channel: the notification as a message to another server's ``$process-message``.

The message is about the notification: a MessageHeader whose event is the topic, and the notification as it would go by
rest-hook. Its id is that of the notification, so a server that has taken it before answers as it did then. What the
answer's ``MessageHeader.response`` says goes before the status of HTTP; a server that answers nothing has taken it.

Source: FHIR R4, 2.4 messaging; MessageHeader $process-message.
"""

import ssl
from datetime import datetime
from typing import Any, Final

from careloom.model import Resource, parse_json, serialize_json
from careloom.model.errors import CareloomError
from careloom.model.instants import Clock, instant
from careloom.notify.channels.http import HttpAnswer, HttpClient
from careloom.notify.endpoints import EndpointPolicy
from careloom.notify.rest_hook import CONTENT_TYPE, Outcome, _meaning
from careloom.notify.signature import signed_headers

KIND: Final = "message"
OPERATION: Final = "$process-message"


class Messaging:
    """Sends notifications as messages, to allowed addresses only."""

    def __init__(
        self, policy: EndpointPolicy, *, base_url: str, clock: Clock, tls: ssl.SSLContext | None = None
    ) -> None:
        """Prepare to send.

        Args:
            policy: Where may be sent to, judged again at each connection.
            base_url: Of the hub, as it names itself to those it sends to.
            clock: For the timestamp that is signed.
            tls: How https is spoken, where that is not the usual way.
        """
        self._http = HttpClient(policy, tls)
        self._base_url = base_url
        self._clock = clock

    async def send(
        self, endpoint: str, body: bytes, *, webhook_id: str, secret: str, headers: tuple[tuple[str, str], ...]
    ) -> Outcome:
        """Try once, and say what the answer means."""
        message = serialize_json(self._message(parse_json(body), endpoint, webhook_id))
        sent = dict(headers) | {"Content-Type": CONTENT_TYPE, "Accept": CONTENT_TYPE}
        if secret:
            sent |= signed_headers(secret, webhook_id, self._clock(), message)
        return await self._http.outcome(
            "POST", address(endpoint), sent, message, lambda answer: meaning(answer, webhook_id, self._clock())
        )

    async def close(self) -> None:
        """Close the connections that are kept alive."""
        await self._http.close()

    def _message(self, notification: Resource, endpoint: str, id: str) -> Resource:
        full_url = f"urn:uuid:{notification['id']}"
        header = {
            "resourceType": "MessageHeader",
            "id": id,
            "eventUri": _topic(notification),
            "destination": [{"endpoint": endpoint}],
            "source": {"software": "Careloom", "endpoint": self._base_url},
            "focus": [{"reference": full_url}],
        }
        return {
            "resourceType": "Bundle",
            "id": f"m-{id}",
            "type": "message",
            "timestamp": notification.get("timestamp", instant(self._clock())),
            "entry": [
                {"fullUrl": f"{self._base_url}/MessageHeader/{id}", "resource": header},
                {"fullUrl": full_url, "resource": notification},
            ],
        }


def address(endpoint: str) -> str:
    """Where the operation is: at the endpoint itself where it says so, else below it as the base of a server."""
    return endpoint if endpoint.endswith(OPERATION) else f"{endpoint.rstrip('/')}/{OPERATION}"


def meaning(answer: HttpAnswer, id: str, now: datetime) -> Outcome:
    """What an answer means: its message where it has one, and the status of HTTP where it has none.

    Args:
        answer: As it came.
        id: ``MessageHeader.id`` of the message that is answered.
        now: The present instant.
    """
    status, of_http = answer.status, _meaning(answer.status, answer.retry_after, now)
    response = _response(answer.body)
    if of_http.kind != "accepted" or response is None:
        return of_http
    if response.get("identifier") != id:
        return Outcome("retry", status, f"the answer is that to message {response.get('identifier')!r}")
    match response.get("code"):
        case "ok":
            return of_http
        case "fatal-error":
            return Outcome("rejected", status, "MessageHeader.response.code: fatal-error")
        case code:
            return Outcome("retry", status, f"MessageHeader.response.code: {code}", of_http.retry_after)


def _response(answer: bytes) -> dict[str, Any] | None:
    """``MessageHeader.response`` of an answer that is a message; None for anything else."""
    try:
        bundle = parse_json(answer)
    except CareloomError:
        return None
    entries = bundle.get("entry") if isinstance(bundle, dict) and bundle.get("type") == "message" else None
    first = entries[0] if isinstance(entries, list) and entries else None
    header = first.get("resource") if isinstance(first, dict) else None
    response = header.get("response") if isinstance(header, dict) else None
    return response if isinstance(response, dict) else None


def _topic(notification: Resource) -> str:
    """The topic, as far as the notification names it; content ``empty`` may not."""
    parameters = notification["entry"][0]["resource"]["parameter"]
    found = (each["valueCanonical"] for each in parameters if each["name"] == "topic")
    return next(found, "http://hl7.org/fhir/uv/subscriptions-backport")
