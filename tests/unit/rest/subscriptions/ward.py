"""A hub that tells, with events that were numbered already."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.unit.rest.desk import BASE, NOW, Desk

from careloom.governance import AuditSource
from careloom.model.resource import Resource
from careloom.notify import EndpointPolicy, Subscription, TopicRegistry, disclosure
from careloom.notify.contents import Contents
from careloom.notify.extensions import CONTENT
from careloom.notify.metrics import NotifyMetrics
from careloom.notify.notification import Told
from careloom.notify.subscriptions import OWNER_SYSTEM, accept_subscription
from careloom.notify.telling import Telling
from careloom.notify.websocket import Bound, Parts
from careloom.rest.messages import FhirResponse
from careloom.store import Match, Version

DISCHARGE = "https://careloom.example/SubscriptionTopic/discharge"
ENDPOINTS = EndpointPolicy.of(["127.0.0.1"])


@dataclass
class Ward:
    """A desk before a hub that tells.

    Attributes:
        hidden: What the subscriber may not know.
        told: What was put on record.
    """

    desk: Desk
    topics: TopicRegistry
    hidden: set[str] = field(default_factory=set)
    told: list[Told] = field(default_factory=list)

    def __post_init__(self) -> None:
        hub = self.desk.hub
        record = disclosure(hub.repository, lambda: hub.registry, AuditSource(BASE), hub.clock, hub.new_id)

        async def disclosed(subscription: Subscription, told: Sequence[Told]) -> None:
            self.told += told
            await record(subscription, told)

        telling = Telling(
            topics=self.topics,
            contents=Contents(hub.repository, self.topics, lambda _, focus: focus not in self.hidden),
            disclosed=disclosed,
            endpoints=ENDPOINTS,
            websocket_url="ws://hub.example/fhir/_websocket",
        )
        self.desk = self.desk.with_hub(telling=telling, owned={"Subscription": OWNER_SYSTEM})

    async def __call__(self, method: str, url: str, body: Resource | None = None, **more: Any) -> FhirResponse:
        return await self.desk(method, url, body, **more)

    async def subscribe(self, status: str = "active", content: str = "id-only", **channel: Any) -> str:
        """The id of a new subscription in some state."""
        resource = {
            "resourceType": "Subscription",
            "status": "requested",
            "reason": "letters",
            "criteria": DISCHARGE,
            "channel": {
                "type": "rest-hook",
                "endpoint": "https://gp.example/hook",
                "payload": "application/fhir+json",
                "_payload": {"extension": [{"url": CONTENT, "valueCode": content}]},
            }
            | channel,
        }
        accepted = accept_subscription(
            resource, client="acute-epr", purpose="TREAT", topics=self.topics, policy=ENDPOINTS, now=NOW
        )
        made = await self.desk.hub.repository.commit(lambda turn: turn.create(accepted | {"status": status}))
        return made.id

    def parts(self, redeem: Callable[[str], Awaitable[Bound]], metrics: NotifyMetrics | None = None) -> Parts:
        """What a websocket needs of the hub, with tokens that are taken so."""
        hub, telling = self.desk.hub, self.desk.hub.telling
        assert telling
        return Parts(
            repository=hub.repository,
            topics=telling.topics,
            contents=telling.contents,
            disclosed=telling.disclosed,
            redeem=redeem,
            clock=hub.clock,
            base_url=hub.base_url,
            metrics=metrics or NotifyMetrics(),
        )

    async def stay(self, id: str, patient: str = "p1", **elements: Any) -> Version:
        """A version of an Encounter that has ended; elements that are None are left out."""
        encounter = {
            "resourceType": "Encounter",
            "id": id,
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
            "subject": {"reference": f"Patient/{patient}"},
        }
        return await self.record({name: value for name, value in (encounter | elements).items() if value is not None})

    async def record(self, resource: Resource) -> Version:
        """A new version of a resource."""
        return await self.desk.hub.repository.commit(lambda turn: turn.update(resource))

    async def delete(self, subscription: str) -> None:
        """Delete a subscription."""
        await self.desk.hub.repository.commit(lambda turn: turn.delete("Subscription", subscription))

    async def happen(self, subscription: str, *versions: Version, topic: str = DISCHARGE) -> None:
        """Number versions as events of a subscription."""
        matches = [
            Match(
                subscription=subscription,
                sequence=version.sequence,
                topic=topic,
                focus=version.reference,
                version_id=version.version_id,
                recorded=version.last_updated,
                patient=(version.resource or {}).get("subject", {}).get("reference", ""),
                interaction=version.interaction,
            )
            for version in versions
        ]
        await self.desk.hub.repository.events.record_matches(versions[-1].sequence, matches)


def status_of(bundle: Any) -> dict[str, Any]:
    """The simple parameters of the first entry, and the parts of each event."""
    parameters = bundle["entry"][0]["resource"]["parameter"]
    simple = {one["name"]: value for one in parameters for name, value in one.items() if name.startswith("value")}
    return {**simple, "events": [_event(one["part"]) for one in parameters if one["name"] == "notification-event"]}


def _event(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        part["name"]: value["reference"] if isinstance(value, dict) else value
        for part in parts
        for name, value in part.items()
        if name.startswith("value")
    }
