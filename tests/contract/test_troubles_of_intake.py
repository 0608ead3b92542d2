"""Signals and messages that are no good, or come twice: each record there is takes each once, whole or not at all."""

import asyncio
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.contract.stores import SteppingClock
from tests.unit.connectors.mesh.test_mailbox import Shelf
from tests.unit.connectors.mesh.test_poller import Mailbox
from tests.unit.notify.signals.test_signals import GOOD
from tests.unit.notify.test_notifier import asked
from tests.unit.rest.desk import NOW, registry

from careloom.connectors.inflow import Inflow
from careloom.connectors.intake import Intake
from careloom.connectors.mesh import Poller, Received, Report
from careloom.connectors.mesh.intake import MessageIntake
from careloom.connectors.nems import EventRules
from careloom.definitions import Definitions
from careloom.governance import AuditSource
from careloom.model.errors import CareloomError, ConflictError, InvalidError
from careloom.notify.channels.mesh import undelivered
from careloom.notify.signals import BATCH, STRUCTURED
from careloom.search import Query
from careloom.store import Match, Repository
from careloom.store.ids import new_id

SENDER = "X26ABC2"


def a_message(content: Any, media: str = STRUCTURED, *, id: str = "m1", sender: str = SENDER) -> Received:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Received(id, sender, "MNS", "", "", "", media, data)


class Post:
    """A way in, and what came of it."""

    def __init__(self, repository: Repository, query: Callable[..., Query], definitions: Definitions) -> None:
        rules = registry()
        self.repository = repository
        self._query = query
        self.intake = MessageIntake(
            {SENDER: "acute-epr"},
            lambda client: Intake(
                client, "TREAT", repository, lambda: rules, AuditSource("https://hub.example/fhir"), lambda: NOW, new_id
            ),
            Inflow(EventRules(lambda: NOW, lambda resource: []), definitions.types),
        )

    async def take(self, content: Any, media: str = STRUCTURED) -> None:
        await self.intake.take(a_message(content, media))

    async def counts(self) -> tuple[int, int]:
        """Signals and audit records there are."""
        found = [await self.repository.search(self._query(type, ("_total", "accurate"))) for type in KINDS]
        return found[0].total or 0, found[1].total or 0


KINDS = ("Basic", "AuditEvent")


@pytest.fixture
def post(repository: Repository, query: Callable[..., Query], definitions: Definitions, clock: SteppingClock) -> Post:
    clock.now = NOW
    return Post(repository, query, definitions)


async def test_a_signal_that_comes_again_changes_nothing_also_when_it_comes_at_once(post: Post) -> None:
    await asyncio.gather(*(post.take(GOOD) for _ in range(20)))
    await post.take(GOOD)
    assert (1, 1) == await post.counts()


async def test_the_id_of_a_signal_with_another_body_is_a_conflict(post: Post) -> None:
    await post.take(GOOD)
    for change in ({"subject": "9990548617"}, {"type": "pds-death-notification-2"}, {"time": "2026-11-22T11:15:00Z"}):
        with pytest.raises(ConflictError):
            await post.take({**GOOD, **change})
    await post.take({**GOOD, "source": "uk.nhs.another-service", "type": "pds-death-notification-2"})
    assert (2, 2) == await post.counts()


async def test_an_unknown_attribute_is_on_record_and_another_one_makes_no_other_signal(post: Post) -> None:
    """The same event may come by two subscriptions, and what is tried again has another trace."""
    await post.take({**GOOD, "sequence": "0007", "traceparent": "00-1-2-01"})
    await post.take({**GOOD, "sequence": "0003", "traceparent": None, "versionid": None})
    assert (1, 1) == await post.counts()
    [kept] = (await post.repository.search(post._query("Basic"))).matches
    assert kept.resource is not None
    said = [each["extension"][1] for each in kept.resource["extension"] if each["url"].endswith("-attribute")]
    assert ["0007", "00-1-2-01"] == [each["valueString"] for each in said]


BAD: dict[str, dict[str, Any]] = {
    "no name of an attribute": {"Colour": "red"},
    "unknown attribute that is an object": {"colour": {"code": "red"}},
    "null where there must be a text": {"source": None},
    "time without zone": {"time": "2026-11-22T10:15:00"},
    "NHS number failing its check digit": {"subject": "9990548600"},
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
async def test_what_is_no_good_signal_leaves_nothing_alone_or_in_a_batch(post: Post, change: dict[str, Any]) -> None:
    with pytest.raises(InvalidError):
        await post.take({**GOOD, **change})
    with pytest.raises(InvalidError, match="event 2"):
        await post.take([GOOD, {**GOOD, "id": "2", **change}, {**GOOD, "id": "3"}], BATCH)
    assert (0, 0) == await post.counts()
    await post.take([GOOD, {**GOOD, "id": "2"}], BATCH)
    assert (2, 1) == await post.counts()


async def test_of_a_batch_with_a_name_that_is_anothers_none_is_recorded_and_none_is_remembered(post: Post) -> None:
    await post.take(GOOD)
    new = {**GOOD, "id": "new"}
    with pytest.raises(ConflictError):
        await post.take([new, {**GOOD, "type": "pds-death-notification-2"}], BATCH)
    assert (1, 1) == await post.counts()
    await post.take(new)
    assert (2, 2) == await post.counts()


class Full(Mailbox):
    """A mailbox with messages in it."""

    def __init__(self, **messages: Received | Report | CareloomError) -> None:
        super().__init__(*messages)
        self._messages = messages

    async def collect(self, id: str) -> Received | Report:
        found = self._messages[id]
        if isinstance(found, CareloomError):
            raise found
        return found


def polling(post: Post, mailbox: Mailbox) -> Poller:
    async def told(report: Report) -> None:
        log = post.repository.events
        assert await undelivered(
            report.local_id, f"MESH {report.code}: {report.description}", post.repository, log, NOW
        )

    return Poller(mailbox, post.intake.take, told, interval=1.0)


async def test_a_message_whose_acknowledgement_was_lost_is_on_record_once(post: Post) -> None:
    mailbox = Full(m1=a_message(GOOD))
    mailbox.is_deaf = True
    with pytest.raises(CareloomError):
        await polling(post, mailbox).round()
    assert (1, 1) == await post.counts()
    mailbox.is_deaf = False
    assert 1 == await polling(post, mailbox).round()
    assert ((1, 1), []) == (await post.counts(), mailbox.waiting)


async def test_a_message_that_is_listed_twice_is_on_record_once(post: Post) -> None:
    mailbox = Full(m1=a_message(GOOD))
    mailbox.waiting = ["m1", "m1"]
    assert 1 == await polling(post, mailbox).round()
    assert (1, 1) == await post.counts()


async def chunks(*pieces: bytes, total: int = 3) -> CareloomError:
    """What collecting a message of these chunks comes to."""
    with pytest.raises(CareloomError) as refused:
        await Shelf(*map(gzip.compress, pieces), total=total).collect("m")
    return refused.value


async def test_what_is_no_message_stays_in_the_mailbox_and_those_behind_it_are_recorded(post: Post) -> None:
    mailbox = Full(
        empty=a_message(b"", "application/octet-stream"),
        of_another_workflow=a_message(b"PK\x03\x04 a spreadsheet", "application/zip"),
        in_part=await chunks(b"one", b"two"),
        of_a_stranger=a_message(GOOD, sender="X26ABC9"),
        good=a_message(GOOD),
    )
    assert 1 == await polling(post, mailbox).round()
    assert ["empty", "of_another_workflow", "in_part", "of_a_stranger"] == mailbox.waiting
    assert 1 == (await post.counts())[0]


async def test_what_has_expired_in_the_mailbox_of_its_receiver_is_put_aside_once(post: Post) -> None:
    events = [Match("gp", number, "urn:topic", f"Encounter/{number}", "1", NOW) for number in (1, 2, 3)]
    await post.repository.commit(lambda turn: turn.create(asked(status="active"), id="gp"))
    await post.repository.events.record_matches(3, events)
    report = Report("r1", "m7", "gp|2|3", "CARELOOM", "14", "not collected in 5 days")
    for _ in range(2):
        assert 1 == await polling(post, Full(r1=report)).round()
    letters = await post.repository.events.dead_letters("gp")
    assert [(2, "MESH 14: not collected in 5 days"), (3, "MESH 14: not collected in 5 days")] == [
        (letter.number, letter.reason) for letter in letters
    ]
