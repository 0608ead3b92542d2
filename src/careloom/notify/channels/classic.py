"""Subscriptions as R4 had them before topics: criteria that are a search, and what matches put to the endpoint.

Without a payload each event is an empty POST to the endpoint. With one the endpoint is the base of a server, and the
resource that matched is put there under its own address. What may not be told any more is not sent. Instead of a
handshake there is an empty POST; a heartbeat is none of this.

Source: FHIR R4, Subscription, 2.46.7 channels.
"""

import ssl

from careloom.definitions import TypeModel
from careloom.model import Resource, parse_json, serialize_json
from careloom.model.errors import InvalidError
from careloom.model.instants import Clock
from careloom.model.xml import serialize_xml
from careloom.notify.channels.http import HttpClient
from careloom.notify.channels.xml import XML
from careloom.notify.endpoints import EndpointPolicy
from careloom.notify.rest_hook import TOO_LARGE, Outcome, _meaning
from careloom.notify.signature import signed_headers
from careloom.notify.subscriptions import PAYLOADS


class ClassicHook:
    """Sends what a search matches, to allowed addresses only."""

    def __init__(
        self, policy: EndpointPolicy, types: TypeModel, *, clock: Clock, tls: ssl.SSLContext | None = None
    ) -> None:
        """Prepare to send.

        Args:
            policy: Where may be sent to, judged again at each connection.
            types: What XML is written by.
            clock: For the timestamp that is signed.
            tls: How https is spoken, where that is not the usual way.
        """
        self._http = HttpClient(policy, tls)
        self._types = types
        self._clock = clock

    async def send(
        self, endpoint: str, body: bytes, *, webhook_id: str, secret: str, headers: tuple[tuple[str, str], ...]
    ) -> Outcome:
        """Try once, and say what the answer means."""
        notification = parse_json(body)
        sent = {name: value for name, value in headers if name != "Content-Type"}
        if _is_ping(notification):
            return await self._ask("POST", endpoint, b"", self._signed(sent, b"", webhook_id, secret))
        entry: Resource = next(iter(notification["entry"][1:]), {})
        resource, content_type = entry.get("resource"), dict(headers).get("Content-Type", PAYLOADS[0])
        if resource is None:
            is_too_large = entry.get("response", {}).get("status") == str(TOO_LARGE)
            return (
                Outcome("rejected", TOO_LARGE, "more than a notification holds")
                if is_too_large
                else Outcome("accepted")
            )
        try:
            text = serialize_xml(resource, self._types) if content_type in XML else serialize_json(resource)
        except InvalidError as error:  # a character that JSON can carry and XML cannot
            return Outcome("rejected", detail=f"this cannot be told in XML: {error}")
        address = f"{endpoint.rstrip('/')}/{resource['resourceType']}/{resource['id']}"
        sent["Content-Type"] = content_type
        return await self._ask("PUT", address, text, self._signed(sent, text, webhook_id, secret))

    async def close(self) -> None:
        """Close the connections that are kept alive."""
        await self._http.close()

    def _signed(self, headers: dict[str, str], body: bytes, webhook_id: str, secret: str) -> dict[str, str]:
        return headers | signed_headers(secret, webhook_id, self._clock(), body) if secret else headers

    async def _ask(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> Outcome:
        return await self._http.outcome(
            method, url, headers, body, lambda answer: _meaning(answer.status, answer.retry_after, self._clock())
        )


def _is_ping(notification: Resource) -> bool:
    """Whether there is nothing to say but that something is: a handshake, or an event whose content is ``empty``."""
    parameters = notification["entry"][0]["resource"]["parameter"]
    kind = next(each["valueCode"] for each in parameters if each["name"] == "type")
    return kind == "handshake" or (kind == "event-notification" and all(each["name"] != "topic" for each in parameters))
