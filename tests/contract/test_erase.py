"""What is erased is gone from everywhere, and nothing else is."""

from collections.abc import Callable

import pytest
from tests.contract.stores import SteppingClock, audit, audited, create, observation, patient

from careloom.search import Query
from careloom.store import Repository
from careloom.store.history import HistoryQuery

P1, P2 = {"reference": "Patient/1"}, {"reference": "Patient/2"}


@pytest.fixture
async def erased(repository: Repository, clock: SteppingClock) -> Repository:
    """Two patients with observations, one of which has changed hands, and the first of them erased."""
    if not hasattr(repository, "erase"):
        pytest.skip("this store cannot erase yet")
    await create(
        repository,
        patient(id="1", name=[{"family": "Erasmus"}]),
        patient(id="2", name=[{"family": "Remain"}]),
        observation(id="mine", subject=P1, note=[{"text": "private remark"}]),
        observation(id="moved", subject=P1, note=[{"text": "private remark"}]),
        observation(id="other", subject=P2),
    )
    clock.step(seconds=1)
    await repository.commit(lambda turn: turn.update(patient(id="1", name=[{"family": "Erasmus-Jones"}])))
    await repository.commit(lambda turn: turn.update(observation(id="moved", subject=P2)))
    await repository.commit(lambda turn: turn.delete("Observation", "mine"))
    await repository.erase("Patient", "1")
    return repository


async def test_what_was_theirs_cannot_be_read(erased: Repository) -> None:
    for type, id in (("Patient", "1"), ("Observation", "mine")):
        assert await erased.read(type, id) is None
        assert await erased.vread(type, id, "1") is None


async def test_what_has_changed_hands_keeps_what_is_anothers(erased: Repository) -> None:
    assert await erased.vread("Observation", "moved", "1") is None
    moved = await erased.read("Observation", "moved")
    assert moved is not None and moved.version_id == "2"


async def test_nothing_finds_it(erased: Repository, query: Callable[..., Query]) -> None:
    for type, *parameters in (
        ("Patient", ("family", "erasmus")),
        ("Patient", ("_content", "erasmus")),
        ("Patient", ("_has:Observation:subject:status", "final"), ("_id", "1")),
        ("Observation", ("subject", "Patient/1")),
        ("Observation", ("subject:Patient.family", "erasmus")),
        ("Observation", ("_content", "private")),
    ):
        page = await erased.search(query(type, *parameters))
        assert (page.matches, page.total) == ((), 0), parameters
    included = await erased.search(query("Observation", ("_include", "Observation:subject")))
    assert {version.reference for version in included.matches} == {"Observation/moved", "Observation/other"}
    assert {version.reference for version in included.included} == {"Patient/2"}


async def test_history_and_changes_do_not_tell_of_it(erased: Repository) -> None:
    told = {(change.type, change.id, change.version_id) for change in await erased.changes(0, 100)}
    page = await erased.history(HistoryQuery())
    kept = {(version.type, version.id, version.version_id) for version in page.versions}
    assert told == kept == {("Patient", "2", "1"), ("Observation", "moved", "2"), ("Observation", "other", "1")}


async def test_the_proof_of_who_saw_what_stays(repository: Repository) -> None:
    if not hasattr(repository, "erase"):
        pytest.skip("this store cannot erase yet")
    await create(repository, patient(id="1"))
    await audit(repository, audited("a1", patient="1"), audited("a2", patient="1"))
    await repository.erase("Patient", "1")
    assert await repository.read("Patient", "1") is None
    kept = [await repository.read("AuditEvent", id) for id in ("a1", "a2")]
    assert [each.resource["entity"][0]["what"] for each in kept if each and each.resource] == [P1, P1]


async def test_the_record_of_it_counts(repository: Repository, clock: SteppingClock) -> None:
    if not hasattr(repository, "erase"):
        pytest.skip("this store cannot erase yet")
    await create(repository, patient(id="1"), observation(subject=P1), observation(subject=P2))
    erasure = await repository.erase("Patient", "1")
    assert (erasure.resources, erasure.versions) == (2, 2)
    assert len(erasure.digest) == 64
    again = await repository.erase("Patient", "1")
    assert (again.resources, again.versions, again.rows) == (0, 0, 0)


async def test_an_id_may_be_used_again(erased: Repository) -> None:
    version = await erased.commit(lambda turn: turn.update(patient(id="1")))
    assert (version.version_id, version.interaction) == ("1", "create")
