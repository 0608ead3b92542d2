"""The notifier on a record in memory: what is told, to whom, and what is not."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.patience import PATIENCE, becomes
from tests.unit.notify.lanes import a_subscription

from careloom.model import parse_json
from careloom.model.instants import Clock
from careloom.notify import (
    Notifier,
    Ports,
    Retention,
    Subscription,
    Terms,
    TopicRegistry,
    replays,
)
from careloom.notify import notifier as notifiers
from careloom.notify.extensions import FILTER
from careloom.notify.notification import Told
from careloom.notify.rest_hook import Channel, Outcome
from careloom.store import Attempt, DeadLetter, EventLog, MemoryRepository, Replay, Repository, Stretch, Turn

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
DISCHARGE = "https://careloom.example/SubscriptionTopic/discharge"
ADDRESS_CHANGE = "https://careloom.example/SubscriptionTopic/address-change"


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
async def telling(
    repository: Repository,
    topics: TopicRegistry,
    post: Channel,
    rules: Rules,
    terms: Terms | None = None,
    *,
    clock: Clock = lambda: NOW,
    events: EventLog | None = None,
) -> AsyncIterator[Notifier]:
    """A notifier while it runs."""
    ports = Ports(
        may_tell=rules.may_tell,
        secret_of=lambda client: "",
        disclosed=rules.disclosed,
        clock=clock,
        random=lambda: 0.0,
    )
    notifier = Notifier(
        repository,
        topics,
        {"rest-hook": post},
        ports,
        base_url="https://hub.example/fhir",
        terms=terms or Terms(),
        events=events,
    )
    await notifier.start()
    try:
        yield notifier
    finally:
        await notifier.stop()


def asked(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "letters",
        "criteria": DISCHARGE,
        "channel": {"type": "rest-hook", "endpoint": "https://gp.example/hook", "payload": "application/fhir+json"},
        **changes,
    }


async def subscribe(repository: Repository, notifier: Notifier, **changes: Any) -> str:
    accepted = notifier.accept(asked(**changes), client="gp-system", purpose="TREAT")
    return (await repository.commit(lambda turn: turn.create(accepted), cause="gp-system")).id


async def discharge(repository: Repository, id: str, status: str = "finished", **elements: Any) -> None:
    encounter = {
        "resourceType": "Encounter",
        "id": id,
        "status": status,
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        **elements,
    }
    await commit(repository, encounter)


async def commit(repository: Repository, resource: dict[str, Any]) -> None:
    await repository.commit(lambda turn: turn.update(resource), cause="acute-epr")


async def live_in(repository: Repository, id: str, *cities: str) -> None:
    for city in cities:
        await commit(repository, {"resourceType": "Patient", "id": id, "address": [{"city": city}]})


def a_record(topics: TopicRegistry) -> Repository:
    return MemoryRepository(tenant="north", parameters=topics.parameters, clock=lambda: NOW)


async def test_a_discharge_is_told_after_the_handshake(topics: TopicRegistry) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        id = await subscribe(repository, notifier)
        await discharge(repository, "e1", "in-progress")
        await discharge(repository, "e1")
        await becomes(lambda: rules.told == ["Encounter/e1"])
    assert ["Encounter/e1"] == post.focuses()
    current = await repository.read("Subscription", id)
    assert current is not None and current.resource is not None
    assert "active" == current.resource["status"]


async def test_no_more_is_on_its_way_to_a_host_than_the_terms_allow(topics: TopicRegistry) -> None:
    subscription, terms = a_subscription(), Terms(of_host=1)
    async with (
        telling(a_record(topics), topics, Post(), Rules(), terms=terms) as notifier,
        notifier.abreast(subscription, "https://gp.example/hook"),
    ):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02), notifier.abreast(subscription, "https://gp.example/other"):
                pass
        async with asyncio.timeout(PATIENCE), notifier.abreast(subscription, "https://other.example/hook"):
            pass


async def test_what_is_committed_with_the_first_subscription_to_it_is_told(topics: TopicRegistry) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()
    encounter = {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "IMP"}}
    patient = {"resourceType": "Patient", "id": "p1"}

    def together(turn: Turn) -> None:
        turn.update({**encounter, "id": "before"})
        turn.create(accepted)
        for resource in (patient, encounter, {**patient, "id": "p2"}, {**encounter, "id": "e2"}):
            turn.update(resource)

    async with telling(repository, topics, post, rules) as notifier:
        accepted = notifier.accept(asked(), client="gp-system", purpose="TREAT")
        await repository.commit(together, cause="gp-system")
        await becomes(lambda: rules.told == ["Encounter/e1", "Encounter/e2"])


async def test_what_happened_before_a_subscription_is_none_of_its_business(topics: TopicRegistry) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()
    await discharge(repository, "early")
    async with telling(repository, topics, post, rules) as notifier:
        await subscribe(repository, notifier)
        await discharge(repository, "later")
        await becomes(lambda: rules.told == ["Encounter/later"])
    assert ["Encounter/later"] == post.focuses()


async def test_what_concerns_nobody_is_looked_at_again_after_a_kill_and_told_to_nobody(
    topics: TopicRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()
    monkeypatch.setattr(notifiers, "RECORDED_EVERY", 2 * PATIENCE)
    monkeypatch.setattr(notifiers, "SAFETY_POLL", 0.01)
    looked, changes_of = list[int](), repository.changes_of

    async def noted(types: Collection[str], after: int, limit: int) -> Stretch:
        looked.append(after)
        return await changes_of(types, after, limit)

    monkeypatch.setattr(repository, "changes_of", noted)
    async with telling(repository, topics, post, rules) as notifier:
        await subscribe(repository, notifier)
        await discharge(repository, "e1")
        await becomes(lambda: rules.told == ["Encounter/e1"])
        told_to = await repository.events.matched_to()
        await live_in(repository, "early", "York", "Leeds")
        [*_, last] = await repository.changes(0, 100)
        await becomes(lambda: last.sequence in looked)
        assert await repository.events.matched_to() == told_to
        accepted = notifier.accept(asked(criteria=ADDRESS_CHANGE), client="gp-system", purpose="TREAT")
    await repository.commit(lambda turn: turn.create(accepted), cause="gp-system")
    async with telling(repository, topics, post, rules):
        await live_in(repository, "later", "York", "Leeds")
        await becomes(lambda: len(rules.told) > 1)
    assert rules.told == ["Encounter/e1", "Patient/later"]


async def test_how_far_is_matched_is_recorded_in_the_end_though_nobody_listens(
    topics: TopicRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = a_record(topics)
    monkeypatch.setattr(notifiers, "RECORDED_EVERY", 0.02)
    monkeypatch.setattr(notifiers, "SAFETY_POLL", 0.01)
    async with telling(repository, topics, Post(), Rules()):
        await discharge(repository, "e1")
        await discharge(repository, "e2")
        [*_, last] = await repository.changes(0, 10)
        async with asyncio.timeout(PATIENCE):
            while await repository.events.matched_to() < last.sequence:
                await asyncio.sleep(0.01)


async def test_a_stopped_hub_tells_after_its_next_start(topics: TopicRegistry) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        await subscribe(repository, notifier)
        await becomes(lambda: len(post.sent) == 1)
    await discharge(repository, "meanwhile")
    async with telling(repository, topics, post, rules):
        await becomes(lambda: rules.told == ["Encounter/meanwhile"])


async def test_who_may_not_know_is_not_told_and_sees_no_gap(topics: TopicRegistry) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()
    rules.permits = lambda subscription, focus: focus != "Encounter/secret"
    async with telling(repository, topics, post, rules) as notifier:
        id = await subscribe(repository, notifier)
        await discharge(repository, "secret")
        await discharge(repository, "open")
        await becomes(lambda: rules.told == ["Encounter/open"])
    assert 1 == await repository.events.last_number(id)


async def test_a_deleted_subscription_is_told_nothing_more(topics: TopicRegistry) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        gone = await subscribe(repository, notifier)
        await subscribe(repository, notifier)
        await becomes(lambda: len(post.sent) == 2)
        await repository.commit(lambda turn: turn.delete("Subscription", gone))
        await discharge(repository, "e1")
        await becomes(lambda: rules.told == ["Encounter/e1"])
        await asyncio.sleep(0.05)
    assert ["Encounter/e1"] == post.focuses()


async def test_a_changed_endpoint_shakes_hands_before_it_is_told(topics: TopicRegistry) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        id = await subscribe(repository, notifier)
        await becomes(lambda: len(post.sent) == 1)
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
        await becomes(lambda: rules.told == ["Encounter/e1"])
    assert ["https://gp.example/hook", "https://new.example/hook", "https://new.example/hook"] == [
        endpoint for endpoint, _ in post.sent
    ]


async def test_an_endpoint_that_was_changed_while_the_old_one_shook_hands_is_told_nothing_unasked(
    topics: TopicRegistry,
) -> None:
    class Slow(Post):
        async def send(self, endpoint: str, *args: Any, **more: Any) -> Outcome:
            if endpoint == "https://gp.example/hook":
                asked.set()
                await changed.wait()
            outcome = await super().send(endpoint, *args, **more)
            return outcome if endpoint == "https://gp.example/hook" else Outcome("retry", 503)

    asked, changed = asyncio.Event(), asyncio.Event()
    repository, post, rules = a_record(topics), Slow(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        id = await subscribe(repository, notifier)
        await asked.wait()
        current = await repository.read("Subscription", id)
        assert current is not None and current.resource is not None
        channel = current.resource["channel"] | {"endpoint": "https://victim.example/"}
        moved = notifier.accept(current.resource | {"channel": channel}, client="gp-system", purpose="TREAT")
        notifier._tasks[0].cancel()  # it has not come to the change yet when the old endpoint answers
        await repository.commit(lambda turn: turn.update(moved), cause="gp-system")
        changed.set()
        await becomes(lambda: len(post.sent) == 1)
        await asyncio.sleep(0.05)
    async with telling(repository, topics, post, rules):
        await discharge(repository, "e1")
        await becomes(lambda: post.sent[-1][0] == "https://victim.example/")
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
        await becomes(lambda: rules.told == ["Encounter/e1"])


async def events_of(repository: Repository, id: str) -> int:
    return await repository.events.last_number(id)


async def test_consent_that_was_withdrawn_in_between_sends_no_content_and_is_on_record(topics: TopicRegistry) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()
    asked: list[str] = []

    def permits(subscription: Subscription, focus: str) -> bool:
        asked.append(focus)
        return len(asked) == 1  # when it matches, and not any more when it is told

    rules.permits = permits
    async with telling(repository, topics, post, rules) as notifier:
        await subscribe(repository, notifier)
        await discharge(repository, "e1")
        await becomes(lambda: rules.withheld == ["Encounter/e1"])
    assert ([], []) == (post.focuses(), rules.told)
    assert ["1"] == numbers(post.sent[-1][1])
    assert "Encounter" not in str(post.sent[-1][1]["entry"][1:])


async def test_a_subscription_with_another_topic_shakes_hands_and_tells_old_events_under_their_own(
    topics: TopicRegistry,
) -> None:
    class Closed(Post):
        is_open = False

        async def send(self, *args: Any, **more: Any) -> Outcome:
            bundle = parse_json(args[1])
            if not self.is_open and numbers(bundle):
                return Outcome("retry", 503, "HTTP 503", retry_after=30)
            return await super().send(*args, **more)

    repository, post, rules = a_record(topics), Closed(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        id = await subscribe(repository, notifier)
        await discharge(repository, "e1")
        await becomes(lambda: len(post.sent) == 1)
        post.is_open = True
        current = await repository.read("Subscription", id)
        assert current is not None and current.resource is not None
        admission = DISCHARGE.replace("discharge", "admission")
        changed = notifier.accept(current.resource | {"criteria": admission}, client="gp-system", purpose="TREAT")
        await repository.commit(lambda turn: turn.update(changed), cause="gp-system")
        await discharge(repository, "e2", "in-progress")
        await becomes(lambda: rules.told == ["Encounter/e1", "Encounter/e2"])
    kinds = [(parameter(bundle, "type"), parameter(bundle, "topic")) for _, bundle in post.sent[1:]]
    assert [
        ("handshake", admission),
        ("event-notification", DISCHARGE),
        ("event-notification", admission),
    ] == kinds


def parameter(bundle: dict[str, Any], name: str) -> Any:
    parameters = bundle["entry"][0]["resource"]["parameter"]
    return next(value for one in parameters if one["name"] == name for key, value in one.items() if key != "name")


def numbers(bundle: dict[str, Any]) -> list[str]:
    return [
        part["valueString"]
        for one in bundle["entry"][0]["resource"]["parameter"]
        for part in one.get("part", [])
        if part["name"] == "event-number"
    ]


async def test_what_happened_before_a_change_of_filters_is_judged_by_those_of_then(topics: TopicRegistry) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        id = await subscribe(repository, notifier, **filtered("Patient/1"))
        await becomes(lambda: len(post.sent) == 1)
        version = await repository.read("Subscription", id)
        assert version is not None and version.resource is not None
        await asyncio.sleep(0.05)
    await of_patient(repository, "e1", "1")
    await of_patient(repository, "e2", "2")
    changed = notifier.accept(version.resource | filtered("Patient/2"), client="gp-system", purpose="TREAT")
    await repository.commit(lambda turn: turn.update(changed), cause="gp-system")
    await of_patient(repository, "e3", "1")
    await of_patient(repository, "e4", "2")
    async with telling(repository, topics, post, rules):
        await becomes(lambda: len(post.focuses()) == 2)
        await asyncio.sleep(0.05)
    assert ["Encounter/e1", "Encounter/e4"] == post.focuses()


def filtered(patient: str) -> dict[str, Any]:
    return {"_criteria": {"extension": [{"url": FILTER, "valueString": f"Encounter?patient={patient}"}]}}


async def of_patient(repository: Repository, id: str, patient: str) -> None:
    await discharge(repository, id, subject={"reference": f"Patient/{patient}"})


async def test_a_subscription_whose_topic_is_gone_is_in_error_and_says_why(topics: TopicRegistry) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        id = await subscribe(repository, notifier)
        await becomes(lambda: len(post.sent) == 1)
    fewer = TopicRegistry([each for each in topics if each.url != DISCHARGE], topics.parameters)
    async with telling(repository, fewer, post, rules):
        version = await repository.read("Subscription", id)
    assert version is not None and version.resource is not None
    assert "error" == version.resource["status"]
    assert "no topic" in version.resource["error"]


async def over(repository: Repository, id: str) -> Replay:
    """The replay of a subscription, once it is over."""
    async with asyncio.timeout(PATIENCE):
        while (await repository.events.replays(id))[0].status == "open":
            await asyncio.sleep(0.005)
    [replay] = await repository.events.replays(id)
    return replay


@pytest.mark.parametrize("endpoint", ["", "https://gp.example/other"])
async def test_a_replay_tells_a_range_once_more_and_leaves_the_lane_as_it_is(
    topics: TopicRegistry, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "LOOK_EVERY", 0.01)
    repository, post, rules = a_record(topics), Post(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        id = await subscribe(repository, notifier)
        for number in range(1, 5):
            await discharge(repository, f"e{number}")
        await becomes(lambda: len(rules.told) == 4)
        await repository.events.save_replay(Replay("r1", id, 2, 3, endpoint, "gp-system", NOW, 1))
        await becomes(lambda: len(rules.told) == 6)
        await over(repository, id)
    replayed = [(to, bundle) for to, bundle in post.sent[5:] if numbers(bundle)]
    assert [["2"], ["3"]] == [numbers(bundle) for _, bundle in replayed]
    assert {endpoint or "https://gp.example/hook"} == {to for to, _ in replayed}
    assert (["handshake"] if endpoint else []) == [
        parameter(bundle, "type") for _, bundle in post.sent[5:] if not numbers(bundle)
    ]
    assert len({bundle["id"] for _, bundle in post.sent}) == len(post.sent)
    [replay] = await repository.events.replays(id)
    assert ("done", 3) == (replay.status, replay.delivered_to)
    assert 4 == (await repository.events.cursor(id)).delivered_to


async def test_a_replay_tells_what_was_put_aside(topics: TopicRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "LOOK_EVERY", 0.01)
    repository, post, rules = a_record(topics), Post(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        id = await subscribe(repository, notifier)
        await discharge(repository, "e1")
        await becomes(lambda: len(rules.told) == 1)
        attempt = Attempt(id, 1, 1, 3, NOW, 7, "rejected", 422, "00")
        await repository.events.record_attempts([attempt], None, [DeadLetter(id, 1, "HTTP 422", NOW)])
        await repository.events.save_replay(Replay("r1", id, 1, 1, "", "gp-system", NOW, 0))
        await becomes(lambda: len(rules.told) == 2)
    assert "Encounter/e1" in str(post.sent[-1])


async def test_a_replay_goes_on_where_it_was_after_a_crash(
    topics: TopicRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "LOOK_EVERY", 0.01)
    repository, post, rules = a_record(topics), Post(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        id = await subscribe(repository, notifier)
        for number in range(1, 4):
            await discharge(repository, f"e{number}")
        await becomes(lambda: len(rules.told) == 3)
    await repository.events.save_replay(Replay("r1", id, 1, 3, "", "gp-system", NOW, 2))
    async with telling(repository, topics, post, rules):
        await becomes(lambda: len(rules.told) == 4)
        await asyncio.sleep(0.05)
    assert "Encounter/e3" == rules.told[-1]


async def test_an_endpoint_that_takes_no_handshake_is_replayed_nothing(
    topics: TopicRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wary(Post):
        async def send(self, endpoint: str, *args: Any, **more: Any) -> Outcome:
            taken = await super().send(endpoint, *args, **more)
            return taken if endpoint == "https://gp.example/hook" else Outcome("retry", 404, "HTTP 404")

    monkeypatch.setattr(replays, "LOOK_EVERY", 0.01)
    repository, post, rules = a_record(topics), Wary(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        id = await subscribe(repository, notifier)
        await discharge(repository, "e1")
        await becomes(lambda: rules.told == ["Encounter/e1"])
        await repository.events.save_replay(Replay("r1", id, 1, 1, "https://x.example/", "gp", NOW, 0))
        replay = await over(repository, id)
    assert "failed" == replay.status
    assert [[]] == [numbers(bundle) for to, bundle in post.sent if to == "https://x.example/"][:1]
    assert ["Encounter/e1"] == rules.told


async def test_events_and_replays_are_let_go_when_their_time_is_over(
    topics: TopicRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifiers, "PRUNED_FIRST", 0.01)
    monkeypatch.setattr(notifiers, "PRUNED_EVERY", 0.01)
    repository, post, rules = a_record(topics), Post(), Rules()
    async with telling(repository, topics, post, rules, Terms(retention=Retention(most=2))) as notifier:
        id = await subscribe(repository, notifier)
        for number in range(1, 6):
            await discharge(repository, f"e{number}")
        await becomes(lambda: len(rules.told) == 5)
        for name, days in (("old", 31), ("young", 29)):
            asked_at = NOW - timedelta(days=days)
            await repository.events.save_replay(Replay(name, id, 1, 2, "", "gp-system", asked_at, 2, "done"))
        async with asyncio.timeout(PATIENCE):
            while (await held(repository, id)) != (4, 5, ["young"]):
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
    assert (4, 5, ["young"]) == await held(repository, id)


async def held(repository: Repository, id: str) -> tuple[int, int, list[str]]:
    """The first and the last event that are held, and the replays."""
    events = repository.events
    replays = [replay.id for replay in await events.replays(id)]
    return await events.first_number(id), await events.last_number(id), replays


async def test_many_equal_subscriptions_are_all_told_and_keep_nobody_from_working(topics: TopicRegistry) -> None:
    repository, post, rules = a_record(topics), Post(), Rules()
    async with telling(repository, topics, post, rules) as notifier:
        accepted = await asyncio.gather(*(subscribe(repository, notifier) for _ in range(300)))
        await becomes(lambda: len(post.sent) == 300)
        await discharge(repository, "e1")
        await becomes(lambda: len(rules.told) == 300)
    assert 300 == len(set(accepted))


async def test_nobody_can_subscribe_to_subscriptions_or_to_the_audit(topics: TopicRegistry) -> None:
    assert not {"Subscription", "AuditEvent"} & {type for topic in topics for type in topic.resources}
