"""Who sent a request, told from the wire.

Several systems speak to one address, so the recorder learns who they are as the hub does: a client assertion names
its client, and the access token in the answer belongs to that client from then on. A gateway that only one system
uses names it; for a request before any login the user agent is believed, and the exchange says so.
"""

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import parse_qs

from careloom.connectathon.exchange import Exchange, Message
from careloom.connectathon.redaction import fingerprint
from careloom.model import parse_json
from careloom.model.errors import MalformedError
from careloom.model.records import dataclass, field


@dataclass(frozen=True, slots=True)
class Sender:
    """A role, empty when unknown, and what told it."""

    role: str
    identified_by: str


@dataclass(slots=True)
class Identities:
    """What the recorder knows of who is who.

    Attributes:
        clients: Client id to role.
    """

    clients: Mapping[str, str]
    _tokens: dict[str, str] = field(default_factory=dict)

    def sender(self, request: Message, usual: str) -> Sender:
        """Tell who sent a request; ``usual`` is the only role that uses the gateway, or empty."""
        if role := self.clients.get(_asserted_client(request)):
            return Sender(role, "client assertion")
        if role := self._tokens.get(fingerprint(_bearer(request))):
            return Sender(role, "access token")
        if usual:
            return Sender(usual, "gateway")
        agent = (request.header("user-agent") or "").partition("/")[0]
        if role := self.clients.get(agent):
            return Sender(role, "user agent")
        return Sender("", "")

    def learn(self, exchange: Exchange) -> None:
        """Remember whose an access token is, when an answer hands one out."""
        role = self.clients.get(_asserted_client(exchange.request))
        answer = exchange.response.json()
        if role and isinstance(answer, dict) and isinstance(answer.get("access_token"), str):
            self._tokens[fingerprint(answer["access_token"].encode())] = role


def _bearer(request: Message) -> bytes:
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    return token.strip().encode("utf-8", "surrogateescape") if scheme.lower() == "bearer" else b""


def _asserted_client(request: Message) -> str:
    """The ``sub`` of the client assertion in a token request; the recorder need not verify it, the hub does."""
    if not (request.header("content-type") or "").startswith("application/x-www-form-urlencoded"):
        return ""
    assertion = parse_qs(request.body.decode("ascii", "replace")).get("client_assertion", [""])[0]
    parts = assertion.split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = parse_json(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (MalformedError, binascii.Error, ValueError):
        return ""
    subject = claims.get("sub") if isinstance(claims, dict) else None
    return subject if isinstance(subject, str) else ""
