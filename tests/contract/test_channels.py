"""What holds for every channel, whatever it is: safety of endpoints, secrets, limits of topics, policy when sending."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import structlog
from tests.contract.far_ends import (
    BASE,
    CLOUD_EVENTS,
    NOW,
    OWNER,
    SECRET,
    TOKEN,
    FarEnd,
    channel_of,
    far_end,
    listening,
)
from tests.patience import becomes
from tests.unit.notify.channels.test_mesh import a_handshake, a_notification
from tests.unit.notify.test_notifier import Rules, discharge

from careloom.definitions import Definitions
from careloom.model.errors import InvalidError
from careloom.notify import STANDARD_TOPICS, EndpointPolicy, Notifier, Ports, Terms, Topic, TopicRegistry
from careloom.notify.channels import Outlets
from careloom.notify.classic import KIND as CLASSIC
from careloom.notify.mns import KIND as MNS
from careloom.notify.topics import Trigger
from careloom.search import SearchParameters
from careloom.store import MemoryRepository, Repository

KINDS = ["rest-hook", CLOUD_EVENTS, "message", CLASSIC, "mesh", MNS, "nats", "websocket", "server-sent-events"]
OVER_HTTP = ["rest-hook", "message", CLASSIC]
SECRET_TOPIC = Topic("urn:topic:secret", "Word alone", (Trigger("Encounter"),), content="empty")
HERE = EndpointPolicy.of(["127.0.0.1"])


@pytest.fixture(scope="session")
def topics(definitions: Definitions) -> TopicRegistry:
    return TopicRegistry((*STANDARD_TOPICS, SECRET_TOPIC), SearchParameters(definitions), classic=True)


class Place:
    """A hub that tells by one channel."""

    def __init__(self, end: FarEnd, repository: Repository, topics: TopicRegistry, notifier: Notifier, rules: Rules):
        self.end, self.repository, self.topics, self.notifier, self.rules = end, repository, topics, notifier, rules
        self.lines: list[asyncio.Task[None]] = []

    async def subscribe(self, content: str = "full-resource", **channel: Any) -> str:
        resource = self.end.subscription(content, **channel)
        accepted = self.notifier.accept(resource, client=OWNER, purpose="TREAT")
        id = (await self.repository.commit(lambda turn: turn.create(accepted), cause=OWNER)).id
        line = listening(self.end, id, self.repository, self.topics, self.rules)
        if line is not None:
            self.lines.append(line)
        return id


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def place(kind: str, definitions: Definitions, topics: TopicRegistry) -> AsyncIterator[Place]:
    async with open_place(kind, definitions, topics) as place:
        yield place


@asynccontextmanager
async def open_place(kind: str, definitions: Definitions, topics: TopicRegistry) -> AsyncIterator[Place]:
    repository = MemoryRepository(tenant="north", parameters=topics.parameters, clock=lambda: NOW)
    outlets, rules = Outlets(), Rules()
    async with far_end(kind, outlets, definitions, HERE) as end:
        ports = Ports(
            may_tell=rules.may_tell,
            secret_of=lambda client: SECRET,
            disclosed=rules.disclosed,
            clock=lambda: NOW,
            random=lambda: 0.0,
        )
        notifier = Notifier(
            repository,
            topics,
            outlets.channels,
            ports,
            base_url=BASE,
            terms=Terms(endpoints=HERE, rules=outlets.rules),
        )
        await notifier.start()
        place = Place(end, repository, topics, notifier, rules)
        try:
            yield place
        finally:
            for line in place.lines:
                line.cancel()
                with suppress(asyncio.CancelledError):
                    await line
            await notifier.stop()


async def test_what_happens_is_told_and_on_record(place: Place) -> None:
    await place.subscribe()
    await discharge(place.repository, "told-of")
    await becomes(lambda: place.rules.told == ["Encounter/told-of"])
    await becomes(lambda: any(b"told-of" in body for body in place.end.received))


async def test_consent_that_was_withdrawn_in_between_sends_no_content_and_is_on_record(place: Place) -> None:
    asked: list[str] = []

    def permits(subscription: object, focus: str) -> bool:
        asked.append(focus)
        return len(asked) == 1  # when it matches, and not any more when it is told

    place.rules.permits = permits
    await place.subscribe()
    await discharge(place.repository, "withdrawn")
    await becomes(lambda: place.rules.withheld == ["Encounter/withdrawn"])
    assert [] == place.rules.told
    assert not [body for body in place.end.received if b"withdrawn" in body]


@pytest.mark.parametrize("content", ["id-only", "full-resource"])
async def test_no_channel_tells_more_than_its_topic_allows(place: Place, content: str) -> None:
    place.end.changes = {"criteria": f"eventType={SECRET_TOPIC.url}" if place.end.kind == MNS else SECRET_TOPIC.url}
    if place.end.kind == CLASSIC:
        pytest.skip("its criteria are a search, and there is no topic to say so")
    with pytest.raises(InvalidError, match="told with content empty at most"):
        await place.subscribe(content)


async def test_a_header_of_two_lines_is_refused_by_every_channel(place: Place) -> None:
    with pytest.raises(InvalidError, match="header"):
        await place.subscribe(header=["X-Key: a\r\nX-Other: b"])


@pytest.mark.parametrize("over", OVER_HTTP)
@pytest.mark.parametrize(
    "endpoint",
    [
        "https://127.0.0.1:1/hook",
        "https://[::1]/hook",
        "https://[::ffff:127.0.0.1]/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/hook",
        "https://localhost:1/hook",
        "http://gp.example/hook",
        "https://user:pass@gp.example/hook",
        "file:///etc/passwd",
        "mesh://X26ABC2",
    ],
)
async def test_no_channel_sends_to_where_the_hub_may_not(definitions: Definitions, over: str, endpoint: str) -> None:
    channel = channel_of(over, definitions, EndpointPolicy())
    outcome = await channel.send(endpoint, a_handshake(), webhook_id="w", secret="", headers=())
    await channel.close()
    assert "refused" == outcome.kind, outcome


@pytest.mark.parametrize("over", OVER_HTTP)
async def test_no_channel_follows_a_redirect(definitions: Definitions, over: str) -> None:
    async with (
        far_end(over, Outlets(), definitions, HERE) as inside,
        far_end(over, Outlets(), definitions, HERE) as end,
    ):
        end.status, end.location = 307, inside.endpoint
        channel = channel_of(over, definitions, HERE)
        outcome = await channel.send(end.endpoint, a_handshake(), webhook_id="w", secret="", headers=())
        await channel.close()
        assert ("retry", 307, []) == (outcome.kind, outcome.code, inside.received)


@pytest.mark.parametrize("over", OVER_HTTP)
@pytest.mark.parametrize(("status", "outcome"), [(503, "retry"), (401, "retry"), (422, "rejected"), (410, "gone")])
async def test_every_channel_over_http_reads_a_status_alike(
    definitions: Definitions, over: str, status: int, outcome: str
) -> None:
    async with far_end(over, Outlets(), definitions, HERE) as end:
        end.status = status
        channel = channel_of(over, definitions, HERE)
        found = await channel.send(end.endpoint, a_handshake(), webhook_id="w", secret="", headers=())
        await channel.close()
        assert (outcome, status) == (found.kind, found.code)


@pytest.mark.parametrize("over", OVER_HTTP)
async def test_no_secret_is_in_what_is_said_of_a_failure(definitions: Definitions, over: str) -> None:
    headers = (("Authorization", TOKEN), ("Content-Type", "application/fhir+json"))
    channel = channel_of(over, definitions, HERE)
    with structlog.testing.capture_logs() as logs:
        found = [
            await channel.send(endpoint, a_notification(7), webhook_id="w", secret=SECRET, headers=headers)
            for endpoint in ("http://127.0.0.1:1/hook", "https://10.0.0.1/hook", "https://no.such.name.invalid/")
        ]
    await channel.close()
    told = f"{found} {logs}"
    assert SECRET not in told and "not-for-the-log" not in told


async def test_no_secret_is_in_the_log_of_a_notifier(place: Place) -> None:
    with structlog.testing.capture_logs() as logs:
        place.end.status = 500
        await place.subscribe(header=[f"Authorization: {TOKEN}"])
        await discharge(place.repository, "e")
        await asyncio.sleep(0.05)
    attempts = [await place.repository.events.attempts(lane.cursor.subscription, 10) for lane in await lanes(place)]
    assert SECRET not in f"{logs} {attempts}" and "not-for-the-log" not in f"{logs} {attempts}"


async def lanes(place: Place) -> Any:
    return (await place.repository.events.recover()).lanes
