"""The notifier on a record in memory: what is told, to whom, and what is not."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from careloom.model import parse_json
from careloom.notify import EndpointPolicy, Notifier, Ports, RetryPolicy, Subscription, TopicRegistry
from careloom.notify.notification import Told
from careloom.notify.rest_hook import Outcome
from careloom.store import MemoryRepository, Repository, Turn

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
DISCHARGE = "https://careloom.example/SubscriptionTopic/discharge"


class Post:
    """A channel that keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []

    async def send(
        self, endpoint: str, body: bytes, *, webhook_id: str, secret: str, headers: tuple[tuple[str, str], ...]
    ) -> Outcome:
        self.sent.append((endpoint, parse_json(body)))
        return Outcome("accepted", 200)

    def focuses(self) -> list[str]:
        """Focus of each event sent so far."""
        return [
            part["valueReference"]["reference"].removeprefix("https://hub.example/fhir/")
            for _, bundle in self.sent
            for parameter in bundle["entry"][0]["resource"]["parameter"]
            for part in parameter.get("part", [])
            if part["name"] == "focus"
        ]


class Rules:
    """A policy that can be changed, and the record of disclosures."""

    def __init__(self) -> None:
        self.permits: Callable[[Subscription, str], bool] = lambda subscription, focus: True
        self.told: list[str] = []
        self.withheld: list[str] = []

    def may_tell(self, subscription: Subscription, focus: str) -> bool:
        return self.permits(subscription, focus)

    async def disclosed(self, subscription: Subscription, told: Sequence[Told]) -> None:
        self.told += [each.event.focus for each in told if not each.silence]
        self.withheld += [each.event.focus for each in told if each.silence == "denied"]


@asynccontextmanager
async def telling(repository: Repository, topics: TopicRegistry, post: Post, rules: Rules) -> AsyncIterator[Notifier]:
    ports = Ports(
        may_tell=rules.may_tell,
        secret_of=lambda client: "",
        disclosed=rules.disclosed,
        clock=lambda: NOW,
        random=lambda: 0.0,
    )
    notifier = Notifier(
        repository,
        topics,
        {"rest-hook": post},
        ports,
        base_url="https://hub.example/fhir",
        endpoints=EndpointPolicy(),
        retry=RetryPolicy(),
    )
    await notifier.start()
    try:
        yield notifier
    finally:
        await notifier.stop()


async def until(done: Callable[[], bool]) -> None:
    for _ in range(500):
        if done():
            return
        await asyncio.sleep(0.01)
    assert done()


async def subscribe(repository: Repository, notifier: Notifier, **changes: Any) -> str:
    resource = {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "letters",
        "criteria": DISCHARGE,
        "channel": {"type": "rest-hook", "endpoint": "https://gp.example/hook", "payload": "application/fhir+json"},
    }
    accepted = notifier.accept(resource | changes, client="gp-system", purpose="TREAT")
    return (await repository.commit(lambda turn: turn.create(accepted), cause="gp-system")).id


async def discharge(repository: Repository, id: str, status: str = "finished") -> None:
    encounter = {
        "resourceType": "Encounter",
        "id": id,
        "status": status,
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
    }
    await repository.commit(lambda turn: turn.update(encounter), cause="acute-epr")


def a_record(topics: TopicRegistry) -> Repository:
    return MemoryRepository(tenant="north", parameters=topics.parameters, clock=lambda: NOW)


async def test_a_discharge_is_told_after_the_handshake(topics: TopicRegistry) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        id = await subscribe(repository, notifier)
        await discharge(repository, "e1", "in-progress")
        await discharge(repository, "e1")
        await until(lambda: rules.told == ["Encounter/e1"])
    assert ["Encounter/e1"] == post.focuses()
    current = await repository.read("Subscription", id)
    assert current is not None and current.resource is not None
    assert "active" == current.resource["status"]


async def test_what_happened_before_a_subscription_is_none_of_its_business(topics: TopicRegistry) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()
    await discharge(repository, "early")
    async with telling(repository, topics, post, rules) as notifier:
        await subscribe(repository, notifier)
        await discharge(repository, "later")
        await until(lambda: rules.told == ["Encounter/later"])
    assert ["Encounter/later"] == post.focuses()


async def test_a_stopped_hub_tells_after_its_next_start(topics: TopicRegistry) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        await subscribe(repository, notifier)
        await until(lambda: len(post.sent) == 1)
    await discharge(repository, "meanwhile")
    async with telling(repository, topics, post, rules):
        await until(lambda: rules.told == ["Encounter/meanwhile"])


async def test_who_may_not_know_is_not_told_and_sees_no_gap(topics: TopicRegistry) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()
    rules.permits = lambda subscription, focus: focus != "Encounter/secret"
    async with telling(repository, topics, post, rules) as notifier:
        id = await subscribe(repository, notifier)
        await discharge(repository, "secret")
        await discharge(repository, "open")
        await until(lambda: rules.told == ["Encounter/open"])
    assert 1 == await repository.events.last_number(id)


async def test_a_deleted_subscription_is_told_nothing_more(topics: TopicRegistry) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        gone = await subscribe(repository, notifier)
        await subscribe(repository, notifier)
        await until(lambda: len(post.sent) == 2)
        await repository.commit(lambda turn: turn.delete("Subscription", gone))
        await discharge(repository, "e1")
        await until(lambda: rules.told == ["Encounter/e1"])
        await asyncio.sleep(0.05)
    assert ["Encounter/e1"] == post.focuses()


async def test_a_changed_endpoint_shakes_hands_before_it_is_told(topics: TopicRegistry) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        id = await subscribe(repository, notifier)
        await until(lambda: len(post.sent) == 1)
        moved = notifier.accept(
            {
                "resourceType": "Subscription",
                "id": id,
                "status": "active",
                "reason": "letters",
                "criteria": DISCHARGE,
                "channel": {"type": "rest-hook", "endpoint": "https://new.example/hook"},
            },
            client="gp-system",
            purpose="TREAT",
        )
        await repository.commit(lambda turn: turn.update(moved), cause="gp-system")
        await discharge(repository, "e1")
        await until(lambda: rules.told == ["Encounter/e1"])
    assert ["https://gp.example/hook", "https://new.example/hook", "https://new.example/hook"] == [
        endpoint for endpoint, _ in post.sent
    ]


async def test_an_endpoint_that_was_changed_while_the_old_one_shook_hands_is_told_nothing_unasked(
    topics: TopicRegistry,
) -> None:
    class Slow(Post):
        async def send(self, endpoint: str, *args: Any, **more: Any) -> Outcome:
            if endpoint == "https://gp.example/hook":
                await changed.wait()
            outcome = await super().send(endpoint, *args, **more)
            return outcome if endpoint == "https://gp.example/hook" else Outcome("retry", 503)

    changed = asyncio.Event()
    repository, post, rules = a_record(topics), Slow(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        id = await subscribe(repository, notifier)
        await asyncio.sleep(0.05)
        current = await repository.read("Subscription", id)
        assert current is not None and current.resource is not None
        channel = current.resource["channel"] | {"endpoint": "https://victim.example/"}
        moved = notifier.accept(current.resource | {"channel": channel}, client="gp-system", purpose="TREAT")
        notifier._tasks[0].cancel()  # it has not come to the change yet when the old endpoint answers
        await repository.commit(lambda turn: turn.update(moved), cause="gp-system")
        changed.set()
        await asyncio.sleep(0.05)
    async with telling(repository, topics, post, rules):
        await discharge(repository, "e1")
        await until(lambda: post.sent[-1][0] == "https://victim.example/")
        current = await repository.read("Subscription", id)
    assert current is not None and current.resource is not None
    assert "active" != current.resource["status"]
    assert [] == post.focuses()


async def test_one_broken_subscription_does_not_keep_the_others_from_being_told(topics: TopicRegistry) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()

    def broken(turn: Turn) -> None:
        turn.create({"resourceType": "Subscription", "status": "active", "criteria": "https://t.example/gone"})

    await repository.commit(broken)
    async with telling(repository, topics, post, rules) as notifier:
        await subscribe(repository, notifier)
        await discharge(repository, "e1")
        await until(lambda: rules.told == ["Encounter/e1"])
