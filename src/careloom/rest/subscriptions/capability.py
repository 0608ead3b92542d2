"""What the CapabilityStatement says of subscriptions: the guide, the topics, and where websockets are opened."""

from typing import Any, Final

from careloom.notify.clothes import UNNAMED
from careloom.notify.extensions import GUIDE
from careloom.notify.subscriptions import ChannelRules
from careloom.notify.telling import Telling

INSTANTIATES: Final = (
    "http://hl7.org/fhir/uv/subscriptions-backport/CapabilityStatement/backport-subscription-server-r4"
)
PROFILE: Final = f"{GUIDE}/backport-subscription"
TOPIC: Final = f"{GUIDE}/capabilitystatement-subscriptiontopic-canonical"
WEBSOCKET: Final = "http://hl7.org/fhir/StructureDefinition/capabilitystatement-websocket"


def told_of_subscriptions(telling: Telling) -> dict[str, Any]:
    """What ``rest.resource`` says of the type Subscription."""
    topics = [{"url": TOPIC, "valueCanonical": topic.url} for topic in telling.topics]
    return {"extension": topics, "supportedProfile": [PROFILE], "documentation": _told_by(telling)}


def _told_by(telling: Telling) -> str:
    """The channels that there are, each with the media types of its notifications."""
    kinds = sorted(telling.channels, key=lambda kind: (kind in UNNAMED, kind))
    return "Channels: " + "; ".join(f"{UNNAMED.get(kind, kind)} ({_payloads(telling, kind)})" for kind in kinds)


def _payloads(telling: Telling, kind: str) -> str:
    return ", ".join(telling.rules.get(kind, ChannelRules()).payloads)


def told_of_websockets(telling: Telling) -> dict[str, Any]:
    """What ``rest`` says of websockets."""
    return {"extension": [{"url": WEBSOCKET, "valueUri": telling.websocket_url}]} if telling.websocket_url else {}
