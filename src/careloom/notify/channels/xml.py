"""Notifications in XML, for subscriptions that ask for it: what a channel would send in JSON, written anew.

What goes out follows from the JSON alone, so a retry has the same bytes, and it is these that are signed.
"""

from typing import Final

from careloom.definitions import TypeModel
from careloom.model import parse_json
from careloom.model.errors import InvalidError
from careloom.model.xml import serialize_xml
from careloom.notify.rest_hook import Channel, Outcome

XML: Final = ("application/fhir+xml", "application/xml")


class InXml:
    """A channel that sends XML where the subscription asks for it."""

    def __init__(self, channel: Channel, types: TypeModel) -> None:
        """Put XML before a channel.

        Args:
            channel: Sends.
            types: What XML is written by.
        """
        self._channel = channel
        self._types = types

    async def send(
        self, endpoint: str, body: bytes, *, webhook_id: str, secret: str, headers: tuple[tuple[str, str], ...]
    ) -> Outcome:
        """Try once."""
        if dict(headers).get("Content-Type") in XML:
            try:
                body = serialize_xml(parse_json(body), self._types)
            except InvalidError as error:  # a character that JSON can carry and XML cannot
                return Outcome("rejected", detail=f"this cannot be told in XML: {error}")
        return await self._channel.send(endpoint, body, webhook_id=webhook_id, secret=secret, headers=headers)
