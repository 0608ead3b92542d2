"""A process is killed before and after each of its steps, one after the other: nothing is lost, nothing out of order.

A child makes a subscription, records discharges and tells of them, and kills itself at the step it is given; another
goes on with what it left. The judge is a file that knows nothing of the record: what was answered as recorded, and each
notification as it was accepted.
"""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from tests.contract.telling import delivered, telling
from tests.contract.test_troubles_of_processes import status
from tests.integration.store_processes import Forking, forking
from tests.postgres import Server
from tests.unit.notify.test_access import REGISTRY
from tests.unit.notify.test_notifier import Rules, asked, discharge

from careloom.governance import AuditSource
from careloom.model import parse_json
from careloom.model.instants import utc_now
from careloom.notify import STANDARD_TOPICS, TopicRegistry, disclosure
from careloom.notify.extensions import MAX_COUNT
from careloom.notify.rest_hook import Outcome
from careloom.search import SearchParameters, parse_query
from careloom.store import Repository
from careloom.store.ids import new_id

DISCHARGES: Final = 2
MODULE: Final = "tests.integration.test_telling_killed_at_each_step"
WRITES: Final = ("record_matches", "save_cursor", "record_attempts")
PAUSE: Final = 0.03
"""Seconds between two discharges; the first is on its way by itself then, and takes twice as long."""

MOST: Final = 200
"""More steps than there are."""


class Steps:
    """Counts steps, and kills the process at one."""

    def __init__(self, last: int) -> None:
        self._left = last

    def around(self, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """The function, with a step before and one after it."""

        async def stepping(*arguments: Any, **more: Any) -> Any:
            self._step()
            found = await function(*arguments, **more)
            self._step()
            return found

        return stepping

    def _step(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class File:
    """Keeps what is accepted."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, *words: str) -> None:
        os.write(self._descriptor, json.dumps(words).encode() + b"\n")

    async def send(self, endpoint: str, body: bytes, *, webhook_id: str, **more: Any) -> Outcome:
        await asyncio.sleep(2 * PAUSE)
        self.note("accepted", webhook_id, body.decode())
        return Outcome("accepted", 204)


async def tell(repository: Repository, registry: SearchParameters, argument: str) -> None:
    """What a child does: all that is to be done and is not yet."""
    step, most, path = argument.split(":")
    steps, file, rules = Steps(int(step)), File(path), Rules()
    topics = TopicRegistry(STANDARD_TOPICS, registry)
    known: Any = repository
    log: Any = repository.events
    for name in WRITES:
        setattr(log, name, steps.around(getattr(log, name)))
    record = disclosure(repository, lambda: REGISTRY, AuditSource("https://hub.example/fhir"), utc_now, new_id)
    known.commit = steps.around(repository.commit)
    rules.disclosed = steps.around(record)  # type: ignore[method-assign, assignment]
    receiver: Any = file
    receiver.send = steps.around(file.send)
    goes_on = await repository.read("Subscription", "gp") is not None
    if goes_on:  # so that there is more to be told than was when it was killed
        await _discharged(repository, file)
    async with telling(repository, topics, receiver, rules, utc_now, events=log) as notifier:
        if not goes_on:
            accepted = notifier.accept(asked(), client="gp-system", purpose="TREAT")
            accepted["channel"]["extension"] = [{"url": MAX_COUNT, "valuePositiveInt": int(most)}]
            await repository.commit(lambda turn: turn.create(accepted, id="gp"), cause="gp-system")
            await status(repository, "gp", "active")
            await _discharged(repository, file)
        await delivered(repository, "gp", DISCHARGES)
    found = await repository.search(parse_query("AuditEvent", [("_count", "100")], registry))
    file.note("audited", *(str(version.resource) for version in found.matches))
    file.note("told")


async def _discharged(repository: Repository, file: File) -> None:
    for number in range(1, DISCHARGES + 1):
        if await repository.read("Encounter", f"e{number}") is None:
            await discharge(repository, f"e{number}")
        file.note("recorded", f"Encounter/e{number}")
        await asyncio.sleep(PAUSE)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a database, to be filled in with a number for SQLite; on PostgreSQL each has a tenant of its own."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/hub-{{}}.db"
        return
    server: Server = request.getfixturevalue("postgres")
    yield server.database_of(tmp_path)
    server.drop_database_of(tmp_path)


@pytest.mark.parametrize("most", [1, 5], ids=["one by one", "together"])
def test_whatever_step_it_is_killed_at_everything_is_told_once_in_order_or_again_as_it_was(
    place: str, most: int, tmp_path: Path
) -> None:
    with forking("--wait", f"--import={MODULE}") as herd:
        for step in range(1, MOST):
            path = tmp_path / f"seen-{step}"
            lived = _run(herd, place, step, f"{step}:{most}:{path}")
            if not lived:
                assert _run(herd, place, step, f"0:{most}:{path}"), f"killed at step {step}, it did not go on"
            _judge(path, step)
            if lived:
                assert step > 20, "so many steps there are at least"
                return
    raise AssertionError(f"there are more than {MOST} steps")


def _run(herd: Forking, place: str, step: int, argument: str) -> bool:
    """Let a child do it, and tell whether it came to the end."""
    herd.start(place.format(step), f"t{step}", f"{MODULE}.tell", argument)
    while herd.line() != "ended":
        pass
    return _seen(Path(argument.split(":")[2]))[-1:] == [["told"]]


def _seen(path: Path) -> list[list[str]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _judge(path: Path, step: int) -> None:
    seen = _seen(path)
    bodies = [(each[1], each[2]) for each in seen if each[0] == "accepted"]
    assert len(set(bodies)) == len({id for id, _ in bodies}), f"step {step}: the same id has the same bytes"
    sent = {(each, id) for id, body in bodies for each in _events(parse_json(body.encode()))}
    assert DISCHARGES == len(sent), f"step {step}: an event comes again in the same notification"
    told = [each for _, body in bodies for each in _events(parse_json(body.encode()))]
    firsts = list(dict.fromkeys(told))
    expected = [(str(number), f"Encounter/e{number}") for number in range(1, DISCHARGES + 1)]
    assert expected == firsts, f"step {step}: {told}"
    [audited] = [each[1:] for each in seen if each[0] == "audited"][-1:]
    assert all(any(f"{focus}/_history/1" in record for record in audited) for _, focus in expected), f"step {step}"


def _events(bundle: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for one in bundle["entry"][0]["resource"]["parameter"]:
        parts = {part["name"]: part for part in one.get("part", ())}
        if one["name"] == "notification-event":
            focus = parts["focus"]["valueReference"]["reference"]
            yield parts["event-number"]["valueString"], focus.removeprefix("https://hub.example/fhir/")
