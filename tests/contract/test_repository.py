"""What every repository promises, see `careloom.store.port`."""

import asyncio
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.contract.stores import SteppingClock, create, identified, observation, patient

from careloom.model import Resource, parse_resource, serialize_json
from careloom.model.errors import ConflictError, InvalidError, UnavailableError
from careloom.search import Query
from careloom.store import Prepared, Repository, Stretch, Turn, Version
from careloom.store.ids import new_id

Search = Callable[..., Query]

MINUTE = timedelta(minutes=1)


def ids(versions: Any) -> list[str]:
    return [version.id for version in versions]


# reading


async def test_what_was_never_there_is_none(repository: Repository) -> None:
    assert await repository.read("Patient", "1") is None
    assert await repository.vread("Patient", "1", "1") is None
    assert await repository.read("NoSuchType", "1") is None


async def test_a_created_resource_is_read_with_id_and_version(repository: Repository, clock: SteppingClock) -> None:
    [made] = await create(repository, patient(active=True))
    read = await repository.read("Patient", made.id)
    assert read == made
    assert made.resource == {
        "resourceType": "Patient",
        "id": made.id,
        "meta": {"versionId": "1", "lastUpdated": "2026-11-22T12:00:00.000000Z"},
        "active": True,
    }
    assert (made.version_id, made.interaction, made.last_updated) == ("1", "create", clock.now)


async def test_resources_that_are_prepared_together_are_recorded_as_they_are(repository: Repository) -> None:
    given = [(patient(active=True), "a"), (observation(status="final"), "b"), (patient(gender="male"), "c")] * 100
    ids = [f"{id}-{place}" for place, (_, id) in enumerate(given)]
    prepared = repository.prepare_many((resource, id) for (resource, _), id in zip(given, ids, strict=True))

    def record(turn: Turn) -> list[Version]:
        return [turn.create(each) for each in prepared]

    versions = await repository.commit(record)
    for version, (resource, _), id in zip(versions, given, ids, strict=True):
        assert version.id == id
        read = await repository.read(version.type, id)
        assert read == version
        assert read is not None and read.resource == {**resource, "id": id, "meta": (version.resource or {})["meta"]}


async def test_nothing_of_the_content_is_lost(repository: Repository) -> None:
    text = '{"resourceType":"Observation","valueQuantity":{"value":1.500},"note":[{"text":"a\\u0000b \\ud83d\\ude00"}]}'
    resource = parse_resource(text)
    [made] = await create(repository, resource)
    read = await repository.read("Observation", made.id)
    assert read is not None and read.resource is not None
    assert serialize_json(read.resource).endswith(serialize_json(resource).split(b",", 1)[1])


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Patient", "id": "p", "active": True},
        {"resourceType": "Patient", "id": "p", "meta": {"profile": ["urn:a"]}, "active": True},
        {"resourceType": "Patient", "id": "p", "active": True, "meta": {"profile": ["urn:a"]}},
        {"resourceType": "Patient", "id": "p"},
    ],
    ids=["no meta", "meta first", "meta last", "nothing else"],
)
async def test_a_text_is_what_a_read_would_be_written_as(repository: Repository, resource: Resource) -> None:
    for number in (1, 2):
        await repository.commit(lambda turn, number=number: turn.update({**resource, "multipleBirthInteger": number}))  # type: ignore[misc]
        read, text = await repository.read("Patient", "p"), await repository.read_text("Patient", "p")
        assert read is not None and read.resource is not None and text is not None and text.body is not None
        assert text.body == serialize_json(read.resource)
        assert text.version_id == read.version_id == str(number)
        assert (text.type, text.id, text.last_updated, text.interaction, text.sequence) == (
            read.type,
            read.id,
            read.last_updated,
            read.interaction,
            read.sequence,
        )


async def test_a_text_of_what_is_gone_has_no_body_and_of_what_never_was_is_none(repository: Repository) -> None:
    await repository.commit(lambda turn: turn.update({"resourceType": "Patient", "id": "p"}))
    await repository.commit(lambda turn: turn.delete("Patient", "p"))
    text = await repository.read_text("Patient", "p")
    assert text is not None and text.body is None and text.version_id == "2"
    assert await repository.read_text("Patient", "q") is None
    assert await repository.read_text("NoSuchType", "p") is None


async def test_the_resource_handed_in_stays_as_it_is(repository: Repository) -> None:
    resource = patient(id="own", meta={"versionId": "77", "tag": [{"code": "x"}]})
    before = deepcopy(resource)
    [made] = await create(repository, resource)
    assert resource == before
    assert made.resource is not None
    assert made.resource["meta"]["versionId"] == "1"
    assert made.resource["meta"]["tag"] == [{"code": "x"}]


async def test_a_later_change_of_what_was_handed_in_changes_nothing(repository: Repository) -> None:
    resource = patient(name=[{"family": "Smith"}])
    [made] = await create(repository, resource)
    resource["name"][0]["family"] = "Jones"
    read = await repository.read("Patient", made.id)
    assert read is not None and read.resource is not None
    assert read.resource["name"] == [{"family": "Smith"}]


async def test_what_is_expected_is_read_and_written_as_if_it_were_not(repository: Repository) -> None:
    await create(repository, patient(id="here"), patient(id="gone"))
    await repository.commit(lambda turn: turn.delete("Patient", "gone"))
    names = ["here", "gone", "new", *(f"other{number}" for number in range(150))]

    def work(turn: Turn) -> list[tuple[str, str] | None]:
        turn.expect(("Patient", name) for name in names)
        before = [turn.read("Patient", name) for name in names[:3]]
        turn.update(patient(id="here", active=True))
        turn.update(patient(id="gone"))
        turn.create(patient(), id="new")
        turn.expect([("Patient", "here")])
        after = [turn.read("Patient", name) for name in names[:3]]
        return [(found.version_id, found.interaction) if found else None for found in (*before, *after)]

    assert await repository.commit(work) == [
        ("1", "create"),
        ("2", "delete"),
        None,
        ("2", "update"),
        ("3", "create"),
        ("1", "create"),
    ]


async def test_of_what_is_entered_only_that_is_recorded_which_never_was(repository: Repository) -> None:
    await create(repository, patient(id="here"), patient(id="gone"))
    await repository.commit(lambda turn: turn.delete("Patient", "gone"))
    made = str(new_id())

    def prepared(*ids: str, **more: Any) -> list[Prepared]:
        return repository.prepare_many((patient(id=id, active=True, **more), id) for id in ids)

    def work(turn: Turn) -> list[Version | None]:
        turn.update(patient(id="now"))
        known = turn.enter(prepared("a", "here", "gone", "now", "no id", "b"), are_new=False)
        new = turn.enter([*prepared(made, "here"), *prepared("wrong", meta=[])], are_new=True)
        return [*known, *new, *(turn.read("Patient", id) for id in ("a", "b", made))]

    entered = await repository.commit(work)

    known, new, seen = entered[:6], entered[6:9], entered[9:]
    assert [each and each.id for each in (*known, *new)] == ["a", None, None, None, None, "b", made, None, None]
    assert seen == [known[0], known[5], new[0]]
    assert seen == [await repository.read("Patient", id) for id in ("a", "b", made)]
    told = [(each.id, each.version_id, each.interaction) for each in await repository.changes(0, 100)]
    assert told[3:] == [(id, "1", "create") for id in ("now", "a", "b", made)]


async def test_old_versions_stay_readable(repository: Repository) -> None:
    await create(repository, patient(id="1", gender="female"))
    updated = await repository.commit(lambda turn: turn.update(patient(id="1", gender="other")))
    first, second = await repository.vread("Patient", "1", "1"), await repository.vread("Patient", "1", "2")
    assert first is not None and first.resource is not None
    assert first.resource["gender"] == "female"
    assert second == updated
    for unknown in ("0", "3", "01", "x", "", "9" * 30):
        assert await repository.vread("Patient", "1", unknown) is None


# creating, updating, deleting


async def test_update_creates_what_is_absent(repository: Repository) -> None:
    made = await repository.commit(lambda turn: turn.update(patient(id="1")))
    assert (made.version_id, made.interaction) == ("1", "create")


async def test_update_counts_versions_up(repository: Repository) -> None:
    await create(repository, patient(id="1"))
    versions = [await repository.commit(lambda turn: turn.update(patient(id="1"))) for _ in range(3)]
    assert [version.version_id for version in versions] == ["2", "3", "4"]
    assert {version.interaction for version in versions} == {"update"}


async def test_a_deletion_is_a_version_without_resource(repository: Repository) -> None:
    await create(repository, patient(id="1"))
    gone = await repository.commit(lambda turn: turn.delete("Patient", "1"))
    assert gone is not None
    assert (gone.version_id, gone.interaction, gone.resource, gone.is_deleted) == ("2", "delete", None, True)
    assert await repository.read("Patient", "1") == gone
    assert await repository.vread("Patient", "1", "2") == gone


async def test_second_delete_is_not_an_error_and_makes_no_version(repository: Repository) -> None:
    await create(repository, patient(id="1"))
    first = await repository.commit(lambda turn: turn.delete("Patient", "1"))
    assert await repository.commit(lambda turn: turn.delete("Patient", "1")) == first
    assert await repository.commit(lambda turn: turn.delete("Patient", "never")) is None
    assert len(await repository.changes(0, 10)) == 2


async def test_after_a_deletion_versions_go_on_counting(repository: Repository) -> None:
    await create(repository, patient(id="1"))
    await repository.commit(lambda turn: turn.delete("Patient", "1"))
    again = await repository.commit(lambda turn: turn.update(patient(id="1")))
    assert (again.version_id, again.interaction) == ("3", "create")


async def test_create_under_a_living_id_is_a_conflict(repository: Repository) -> None:
    await create(repository, patient(id="1"))
    with pytest.raises(ConflictError, match="Patient/1"):
        await create(repository, patient(id="1"))


@pytest.mark.parametrize("id", ["", "a/b", "x" * 65, "é", 7, None])
async def test_an_id_that_is_none_is_refused(repository: Repository, id: Any) -> None:
    with pytest.raises(InvalidError, match=r"Patient\.id"):
        await repository.commit(lambda turn: turn.update(patient(id=id)))


async def test_what_is_no_resource_is_refused(repository: Repository) -> None:
    for broken in ({"id": "1"}, {"resourceType": 3, "id": "1"}, {"resourceType": "patient; DROP", "id": "1"}):
        with pytest.raises(InvalidError, match="resourceType"):
            await repository.commit(_updating(broken))
    with pytest.raises(InvalidError, match="meta"):
        await repository.commit(lambda turn: turn.update(patient(id="1", meta=["x"])))


def _updating(resource: dict[str, Any]) -> Callable[[Turn], Version]:
    return lambda turn: turn.update(resource)


async def test_ids_are_distinct_and_grow(repository: Repository) -> None:
    made = await create(repository, *(patient() for _ in range(50)))
    assert len(set(ids(made))) == 50


async def test_time_and_sequence_never_go_back(repository: Repository, clock: SteppingClock) -> None:
    made = await create(repository, patient(), patient())
    clock.step(hours=-2)
    made += await create(repository, patient())
    clock.step(hours=4)
    made += await create(repository, patient())
    assert made == sorted(made, key=lambda version: version.sequence)
    assert [version.last_updated for version in made] == sorted(version.last_updated for version in made)
    assert made[-1].last_updated == clock.now


# turns


async def test_a_turn_sees_what_it_has_written(repository: Repository, query: Search) -> None:
    def work(turn: Turn) -> tuple[list[str], list[str], Version | None]:
        turn.create(identified("1"), id="a")
        found = ids(turn.search(query("Patient", ("identifier", "1"))))
        turn.delete("Patient", "a")
        return found, ids(turn.search(query("Patient", ("identifier", "1")))), turn.read("Patient", "a")

    found, after, read = await repository.commit(work)
    assert found == ["a"]
    assert after == []
    assert read is not None and read.is_deleted


async def test_work_that_raises_leaves_no_trace(repository: Repository, query: Search) -> None:
    await create(repository, patient(id="1", gender="male"))
    before = await repository.changes(0, 10)

    def work(turn: Turn) -> None:
        turn.update(patient(id="1", gender="female", maritalStatus={"text": "new"}))
        turn.create(identified("1"), id="2")
        turn.audit({"resourceType": "AuditEvent", "id": "trace"})
        turn.once("jti", "x", datetime(2030, 1, 1, tzinfo=UTC))
        turn.delete("Patient", "1")
        raise ConflictError("no")

    with pytest.raises(ConflictError, match="no"):
        await repository.commit(work)
    read = await repository.read("Patient", "1")
    assert read is not None and read.version_id == "1"
    assert await repository.read("Patient", "2") is None
    assert await repository.read("AuditEvent", "trace") is None
    assert ids((await repository.search(query("Patient"))).matches) == ["1"]
    assert await repository.changes(0, 10) == before
    assert await repository.commit(lambda turn: turn.once("jti", "x", datetime(2030, 1, 1, tzinfo=UTC)))


async def test_an_undone_turn_does_not_disturb_those_that_follow(repository: Repository, query: Search) -> None:
    """What is first met in a turn that is undone (a system, a type) must be found when met again."""

    def work(turn: Turn) -> None:
        turn.create(patient(identifier=[{"system": "urn:new", "value": "1"}]))
        raise ConflictError("no")

    with pytest.raises(ConflictError):
        await repository.commit(work)
    await create(repository, patient(id="a", identifier=[{"system": "urn:newer", "value": "1"}]))
    await create(repository, patient(id="b", identifier=[{"system": "urn:new", "value": "1"}]))
    page = await repository.search(query("Patient", ("identifier", "urn:new|1")))
    assert ids(page.matches) == ["b"]


async def test_turns_at_once_each_see_those_before(repository: Repository, query: Search) -> None:
    asked = query("Patient", ("identifier", "9000000009"))

    def work(turn: Turn) -> bool:
        if turn.search(asked):
            return False
        turn.create(identified("9000000009"))
        return True

    made = await asyncio.gather(*(repository.commit(work) for _ in range(50)))
    assert made.count(True) == 1
    assert (await repository.search(asked)).total == 1


async def test_a_failing_turn_among_others_fails_alone(repository: Repository, query: Search) -> None:
    def work(number: int) -> Callable[[Turn], Version]:
        def create_or_fail(turn: Turn) -> Version:
            made = turn.create(identified(str(number)))
            if number % 3 == 0:
                raise ConflictError(str(number))
            return made

        return create_or_fail

    outcomes = await asyncio.gather(*(repository.commit(work(n)) for n in range(30)), return_exceptions=True)
    failed = [str(outcome) for outcome in outcomes if isinstance(outcome, ConflictError)]
    assert failed == [str(n) for n in range(0, 30, 3)]
    assert (await repository.search(query("Patient"))).total == 20


async def test_a_turn_is_over_when_its_work_returns(repository: Repository) -> None:
    turn = await repository.commit(lambda turn: turn)
    with pytest.raises(RuntimeError, match="over"):
        turn.read("Patient", "1")
    with pytest.raises(RuntimeError, match="over"):
        turn.create(patient())


async def test_all_of_a_turn_is_recorded_at_one_instant(repository: Repository) -> None:
    made = await repository.commit(lambda turn: [turn.create(patient()) for _ in range(20)])
    assert len({version.last_updated for version in made}) == 1
    assert len({version.sequence for version in made}) == 20


# the change log


async def test_each_version_has_its_row_in_the_change_log(repository: Repository, clock: SteppingClock) -> None:
    made = await repository.commit(lambda turn: turn.create(patient(), id="1"), cause="acute-epr")
    clock.step(seconds=1)
    updated = await repository.commit(lambda turn: turn.update(patient(id="1")), cause="gp")
    gone = await repository.commit(lambda turn: turn.delete("Patient", "1"))
    again = await repository.commit(lambda turn: turn.update(patient(id="1")))
    changes = await repository.changes(0, 10)
    assert gone is not None
    assert [change.sequence for change in changes] == [each.sequence for each in (made, updated, gone, again)]
    assert [change.interaction for change in changes] == ["create", "update", "delete", "create"]
    assert [change.version_id for change in changes] == ["1", "2", "3", "4"]
    assert [change.previous_version_id for change in changes] == [None, "1", "2", None]
    assert [change.cause for change in changes] == ["acute-epr", "gp", "", ""]
    assert [change.recorded for change in changes] == [each.last_updated for each in (made, updated, gone, again)]
    assert {(change.type, change.id) for change in changes} == {("Patient", "1")}


async def test_changes_are_read_from_a_position_on(repository: Repository) -> None:
    made = await create(repository, *(patient() for _ in range(5)))
    assert [change.id for change in await repository.changes(made[1].sequence, 2)] == ids(made[2:4])
    assert await repository.changes(made[-1].sequence, 10) == []


async def test_changes_of_some_types_are_read_with_how_far_was_looked(repository: Repository) -> None:
    made = await create(repository, patient(id="1"), observation(id="2"), patient(id="3"), observation(id="4"))
    await repository.commit(lambda turn: turn.delete("Patient", "1"))
    everything = await repository.changes(0, 10)
    numbers = [each.sequence for each in everything]

    async def read(after: int, limit: int, *types: str) -> tuple[list[str], int, bool]:
        stretch = await repository.changes_of(types, after, limit)
        return [f"{each.type}/{each.id}" for each in stretch.changes], numbers.index(stretch.to) + 1, stretch.is_end

    assert await read(0, 10, "Patient") == (["Patient/1", "Patient/3", "Patient/1"], 5, True)
    assert await read(0, 10, "Observation") == (["Observation/2", "Observation/4"], 5, True)
    assert await read(0, 2, "Patient") == (["Patient/1"], 2, False)
    assert await read(made[0].sequence, 1, "Patient") == ([], 2, False)
    assert await read(0, 3, "Task", "Encounter") == ([], 3, False)
    assert await read(made[2].sequence, 3, "Patient", "Task") == (["Patient/1"], 5, True)
    assert await read(numbers[-1], 3, "Patient") == ([], 5, True)
    assert (await repository.changes_of(["Task", "Patient", "Observation"], 0, 10)).changes == everything
    assert (await repository.changes_of([], 0, 10)).changes == []


async def test_changes_are_found_of_a_type_that_was_asked_for_before_there_was_one(repository: Repository) -> None:
    assert await repository.changes_of(["Patient"], 0, 10) == Stretch([], 0, is_end=True)
    [made] = await create(repository, patient(id="1"))
    for _ in range(2):
        [found] = (await repository.changes_of(["Patient", "Task"], 0, 10)).changes
        assert (found.sequence, found.type, found.id) == (made.sequence, "Patient", "1")


async def test_an_audit_event_is_found_but_not_told(repository: Repository, query: Search) -> None:
    event = {"resourceType": "AuditEvent", "recorded": "2026-11-22T12:00:00Z", "outcome": "0"}
    made = await repository.commit(lambda turn: turn.audit(event))
    named = await repository.commit(lambda turn: turn.audit({**event, "id": "named"}))
    assert named == "named"
    assert [(await repository.read("AuditEvent", id)) is not None for id in (made, named)] == [True, True]
    assert ids((await repository.search(query("AuditEvent", ("date", "2026-11-22")))).matches) == ["named", made]
    assert await repository.changes(0, 10) == []


async def test_an_audit_event_is_never_written_over(repository: Repository) -> None:
    event = {"resourceType": "AuditEvent", "id": "1"}
    await repository.commit(lambda turn: turn.audit(event))
    with pytest.raises(ConflictError, match="AuditEvent/1"):
        await repository.commit(lambda turn: turn.audit(event))


async def test_a_commit_with_changes_wakes_the_listeners(repository: Repository) -> None:
    woken: list[int] = []
    repository.on_commit(lambda: woken.append(1))
    await repository.commit(lambda turn: turn.read("Patient", "1"))
    await repository.commit(lambda turn: turn.audit({"resourceType": "AuditEvent"}))
    await asyncio.sleep(0)
    assert not woken
    await create(repository, patient())
    await asyncio.sleep(0)
    assert woken


# keys seen once


async def test_a_key_is_new_once_in_its_scope(repository: Repository, clock: SteppingClock) -> None:
    until = clock.now + 5 * MINUTE
    assert await repository.commit(lambda turn: turn.once("jti", "a", until))
    assert not await repository.commit(lambda turn: turn.once("jti", "a", until))
    assert await repository.commit(lambda turn: turn.once("jti", "b", until))
    assert await repository.commit(lambda turn: turn.once("webhook", "a", until))


async def test_a_key_is_forgotten_when_its_time_is_over(repository: Repository, clock: SteppingClock) -> None:
    assert await repository.commit(lambda turn: turn.once("jti", "a", clock.now + MINUTE))
    clock.step(seconds=59)
    assert not await repository.commit(lambda turn: turn.once("jti", "a", clock.now + MINUTE))
    clock.step(seconds=1)
    assert await repository.commit(lambda turn: turn.once("jti", "a", clock.now + MINUTE))


async def test_resources_are_found_by_many_identifiers_at_once(repository: Repository) -> None:
    def person(id: str, *identifiers: dict[str, str]) -> dict[str, Any]:
        return {"resourceType": "Patient", "id": id, "identifier": list(identifiers)}

    def found(turn: Turn, *names: tuple[str, str]) -> list[str]:
        return sorted(version.reference for version in turn.identified({"Patient": names}))

    def write(turn: Turn) -> list[list[str]]:
        turn.update(person("both", {"system": "urn:a", "value": "1"}, {"system": "urn:b", "value": "2"}))
        turn.update(person("bare", {"value": "1"}))
        turn.update(person("other", {"system": "urn:c", "value": "1"}))
        turn.update(person("renamed", {"system": "urn:a", "value": "3"}))
        turn.update(person("renamed", {"system": "urn:a", "value": "4"}))
        turn.update(person("gone", {"system": "urn:a", "value": "1"}))
        turn.delete("Patient", "gone")
        return asked(turn)

    def asked(turn: Turn) -> list[list[str]]:
        many = [("urn:a", str(number)) for number in range(150)]
        return [
            found(turn),
            found(turn, ("urn:a", "1")),
            found(turn, ("", "1")),
            found(turn, ("urn:a", "1"), ("urn:b", "2"), ("urn:c", "1"), ("urn:a", "3")),
            found(turn, *many),
        ]

    expected = [
        [],
        ["Patient/both"],
        ["Patient/bare"],
        ["Patient/both", "Patient/other"],
        ["Patient/both", "Patient/renamed"],
    ]
    assert await repository.commit(write) == expected
    assert await repository.commit(asked) == expected


async def test_resources_of_several_types_are_found_by_identifiers_at_once(repository: Repository) -> None:
    def known(type: str, id: str, value: str) -> dict[str, Any]:
        return {"resourceType": type, "id": id, "identifier": [{"system": "urn:a", "value": value}]}

    def found(turn: Turn, **values: list[str]) -> list[str]:
        names = {type: [("urn:a", value) for value in some] for type, some in values.items()}
        return sorted(version.reference for version in turn.identified(names))

    def asked(turn: Turn) -> list[list[str]]:
        return [
            found(turn, Patient=["1"], Encounter=["2"]),
            found(turn, Patient=["2"], Location=["1"]),
            found(turn, Patient=["1", "2"], Encounter=["1", "2"], Location=["1", "2"]),
        ]

    def write(turn: Turn) -> list[list[str]]:
        for type, id, value in (("Patient", "p", "1"), ("Encounter", "e", "2"), ("Location", "l", "1")):
            turn.update(known(type, id, value))
        return asked(turn)

    expected = [["Encounter/e", "Patient/p"], ["Location/l"], ["Encounter/e", "Location/l", "Patient/p"]]
    assert await repository.commit(write) == expected
    assert await repository.commit(asked) == expected


async def test_which_keys_were_seen_can_be_asked_without_having_them_seen(
    repository: Repository, clock: SteppingClock
) -> None:
    def write(turn: Turn) -> list[frozenset[str]]:
        turn.once("hl7v2", "k1", clock.now + MINUTE)
        turn.once("hl7v2", "k2", clock.now + 5 * MINUTE)
        turn.once("other", "k3", clock.now + 5 * MINUTE)
        return asked(turn)

    def asked(turn: Turn) -> list[frozenset[str]]:
        return [turn.seen("hl7v2", keys) for keys in ([], ["k1", "k3"], [f"k{number}" for number in range(100)])]

    assert await repository.commit(write) == [frozenset(), {"k1"}, {"k1", "k2"}]
    clock.step(seconds=60)
    assert await repository.commit(asked) == [frozenset(), frozenset(), {"k2"}]


async def test_keys_are_remembered_until_their_time_is_over_and_may_then_come_anew(
    repository: Repository, clock: SteppingClock
) -> None:
    def write(turn: Turn) -> list[object]:
        turn.remember("hl7v2", ["k1", "k2"], clock.now + MINUTE)
        turn.remember("hl7v2", ["k3"], clock.now + 5 * MINUTE)
        return [turn.once("hl7v2", "k1", clock.now + MINUTE), *asked(turn)]

    def asked(turn: Turn) -> list[object]:
        return [turn.seen("hl7v2", ["k1", "k2", "k3", "k4"]), turn.seen("other", ["k1"])]

    assert await repository.commit(write) == [False, {"k1", "k2", "k3"}, frozenset()]
    assert await repository.commit(asked) == [{"k1", "k2", "k3"}, frozenset()]
    clock.step(seconds=60)
    assert await repository.commit(asked) == [{"k3"}, frozenset()]
    await repository.commit(lambda turn: turn.remember("hl7v2", ["k1"], clock.now + MINUTE))
    assert await repository.commit(asked) == [{"k1", "k3"}, frozenset()]
    assert not await repository.commit(lambda turn: turn.once("hl7v2", "k1", clock.now + MINUTE))


async def test_any_text_is_a_key(repository: Repository) -> None:
    keys, until = ["'", "{}", "NULL", "", "\\", "ä"], datetime(2030, 1, 1, tzinfo=UTC)
    await repository.commit(lambda turn: turn.remember("hl7v2", keys, until))
    assert await repository.commit(lambda turn: turn.seen("hl7v2", [*keys, "a"])) == set(keys)


async def test_of_many_who_bring_a_key_at_once_one_is_first(repository: Repository) -> None:
    until = datetime(2030, 1, 1, tzinfo=UTC)
    outcomes = await asyncio.gather(*(repository.commit(lambda turn: turn.once("jti", "a", until)) for _ in range(20)))
    assert outcomes.count(True) == 1


# search


async def test_the_newest_come_first(repository: Repository, query: Search) -> None:
    made = await create(repository, *(patient() for _ in range(5)))
    page = await repository.search(query("Patient"))
    assert ids(page.matches) == ids(made)[::-1]
    assert list(page.matches) == made[::-1]
    assert (page.total, page.next) == (5, None)


async def test_only_the_current_version_is_found(repository: Repository, query: Search) -> None:
    await create(repository, patient(id="1", name=[{"family": "Smith"}]))
    await repository.commit(lambda turn: turn.update(patient(id="1", name=[{"family": "Jones"}])))
    assert (await repository.search(query("Patient", ("family", "Smith")))).total == 0
    assert ids((await repository.search(query("Patient", ("family", "Jones")))).matches) == ["1"]
    await repository.commit(lambda turn: turn.delete("Patient", "1"))
    assert (await repository.search(query("Patient", ("family", "Jones")))).total == 0


async def test_a_page_may_have_a_thousand_matches_and_what_refers_to_them(
    repository: Repository, query: Search
) -> None:
    await repository.commit(lambda turn: [turn.create(patient(), id=str(n)) for n in range(1100)])
    await create(repository, observation(id="a", subject={"reference": "Patient/700"}))
    asked = query("Patient", ("_count", "1000"), ("_revinclude", "Observation:subject"))
    page = await repository.search(asked)
    assert (len(page.matches), page.total, ids(page.included)) == (1000, 1100, ["a"])


async def test_a_long_list_of_alternatives_is_searched(repository: Repository, query: Search) -> None:
    await create(repository, identified("7", birthDate="1903"), identified("499", birthDate="1990"))
    numbers = ",".join(f"https://fhir.nhs.uk/Id/nhs-number|{number}" for number in range(500))
    assert (await repository.search(query("Patient", ("identifier", numbers)))).total == 2
    years = ",".join(f"ap{year}" for year in range(1500, 1989))
    assert (await repository.search(query("Patient", ("birthdate", years)))).total == 2
    names = ",".join(f"name{number}" for number in range(500))
    assert (await repository.search(query("Patient", ("name", names)))).total == 0


async def test_a_type_that_nobody_has_used_is_empty(repository: Repository, query: Search) -> None:
    page = await repository.search(query("Claim", ("identifier", "1")))
    assert (page.matches, page.total) == ((), 0)


async def test_one_resource_with_a_code_in_two_systems_is_found_once(repository: Repository, query: Search) -> None:
    both = [{"system": "urn:a", "value": "7"}, {"system": "urn:b", "value": "7"}]
    await create(repository, patient(id="1", identifier=both), patient(id="2", identifier=both[:1]))
    page = await repository.search(query("Patient", ("identifier", "7"), ("_total", "accurate")))
    assert ids(page.matches) == ["2", "1"]
    assert page.total == 2
    first = await repository.search(query("Patient", ("identifier", "7"), ("_count", "1")))
    assert first.total == 2


async def test_a_code_whose_system_is_not_known_fits_any_system(repository: Repository, query: Search) -> None:
    await create(repository, {"resourceType": "CodeSystem", "id": "1", "concept": [{"code": "a"}, {"code": "b"}]})
    for fitting in ("a", "urn:x|a", "|b", "urn:x|"):
        assert ids((await repository.search(query("CodeSystem", ("code", fitting)))).matches) == ["1"], fitting
    for other in ("c", "urn:x|c", "|c"):
        assert (await repository.search(query("CodeSystem", ("code", other)))).total == 0, other


async def test_a_narrowed_reference_never_leads_to_another_type(repository: Repository, query: Search) -> None:
    for target in ("Group/1", "http://other.example/fhir/Group/1"):
        await create(repository, observation(subject={"reference": target}))
        assert (await repository.search(query("Observation", ("subject", target)))).total == 1
        assert (await repository.search(query("Observation", ("patient", target)))).total == 0
        both = query("Observation", ("patient", f"{target},Patient/1"))
        assert (await repository.search(both)).total == 0
    await create(repository, observation(subject={"reference": "Patient/1"}))
    assert (await repository.search(both)).total == 1


async def test_a_part_of_a_composite_may_be_a_system_alone(repository: Repository, query: Search) -> None:
    loinc, other = ({"coding": [{"system": system, "code": "a"}]} for system in ("http://loinc.org", "urn:other"))
    await create(repository, observation(id="here", component=[{"code": loinc, "valueQuantity": {"value": 5}}]))
    await create(repository, observation(id="there", component=[{"code": other, "valueQuantity": {"value": 5}}]))
    for asked, found in {
        "http://loinc.org|$5": ["here"],
        "http://loinc.org|$5,b$5": ["here"],
        "http://loinc.org|$6": [],
        "urn:other|$gt4,http://loinc.org|$gt4": ["there", "here"],
    }.items():
        page = await repository.search(query("Observation", ("component-code-value-quantity", asked)))
        assert ids(page.matches) == found


async def test_a_composite_that_others_make_up_compares_all_its_parts(repository: Repository, query: Search) -> None:
    pulse = [{"system": "http://loinc.org", "code": "8867-4"}]
    systolic = {"code": {"coding": [{"code": "8480-6"}]}, "valueQuantity": {"value": 120}}
    await create(repository, *(observation(id=f"{n}", valueQuantity={"value": n}) for n in (60, 70, 80)))
    await create(repository, observation(id="bp", component=[systolic, {**systolic, "code": {"coding": pulse}}]))
    for asked, found in (
        ("8867-4$70", ["70"]),
        ("8480-6$120", ["bp"]),
        ("8867-4$gt75", ["bp", "80"]),
        ("8480-6$60", []),
        ("8867-4$60,8480-6$120", ["bp", "60"]),
    ):
        page = await repository.search(query("Observation", ("combo-code-value-quantity", asked)))
        assert sorted(ids(page.matches)) == sorted(found), asked
    others = await repository.search(query("Observation", ("_filter", "not(combo-code eq 1)"), ("_count", "0")))
    assert others.total == 4


async def test_count_zero_gives_the_total_alone(repository: Repository, query: Search) -> None:
    await create(repository, *(patient() for _ in range(3)))
    page = await repository.search(query("Patient", ("_count", "0")))
    assert (page.matches, page.total, page.next) == ((), 3, None)


async def test_no_total_where_none_is_wanted(repository: Repository, query: Search) -> None:
    await create(repository, *(patient() for _ in range(3)))
    page = await repository.search(query("Patient", ("_total", "none"), ("_count", "2")))
    assert (len(page.matches), page.total) == (2, None)


SORTS = ["", "birthdate", "-birthdate", "family,-birthdate", "-gender", "_id", "-_id", "_lastUpdated", "-_lastUpdated"]


@pytest.mark.parametrize("sort", SORTS)
async def test_pages_show_each_match_once_whatever_is_written_between(
    repository: Repository, query: Search, clock: SteppingClock, sort: str
) -> None:
    for number in range(23):
        clock.step(milliseconds=1)
        born = {"birthDate": f"19{50 + number % 4}"} if number % 5 else {}
        sex = {"gender": ("male", "female")[number % 2]} if number % 3 else {}
        await create(repository, patient(id=str(number), name=[{"family": "ABC"[number % 3]}], **born, **sex))
    parameters = [("_count", "4"), *([("_sort", sort)] if sort else [])]
    whole = await repository.search(query("Patient", ("_count", "100"), *parameters[1:]))
    page = await repository.search(query("Patient", *parameters))
    found, totals = [*page.matches], {page.total}
    while page.next:
        await repository.commit(lambda turn: turn.create(patient(name=[{"family": "B"}], birthDate="1951")))
        await repository.commit(lambda turn: turn.delete("Patient", "3"))
        await repository.commit(lambda turn: turn.update(patient(id="17", birthDate="1890")))
        page = await repository.search(query("Patient", *parameters, ("_page", page.next)))
        found += page.matches
        totals.add(page.total)
    assert found == list(whole.matches)
    assert len(found) == 23
    assert totals == {23}


async def test_a_token_made_up_or_of_another_search_is_refused(repository: Repository, query: Search) -> None:
    await create(repository, *(patient(gender="male") for _ in range(3)))
    page = await repository.search(query("Patient", ("gender", "male"), ("_count", "1")))
    token = page.next
    assert token is not None
    other = "B" if token[9] != "B" else "C"
    for wrong in ("", "x", "é", token[:-2], token[:9] + other + token[10:], "A" * len(token)):
        with pytest.raises(InvalidError, match="page"):
            await repository.search(query("Patient", ("gender", "male"), ("_count", "1"), ("_page", wrong or "-")))
    with pytest.raises(InvalidError, match="page"):
        await repository.search(query("Patient", ("gender", "female"), ("_count", "1"), ("_page", token)))


async def test_a_token_tells_nothing_of_the_patient(repository: Repository, query: Search) -> None:
    await create(repository, *(patient(name=[{"family": "Featherstonehaugh"}]) for _ in range(2)))
    page = await repository.search(query("Patient", ("_sort", "family"), ("_count", "1")))
    assert page.next is not None
    assert "eather" not in page.next


async def test_include_brings_what_matches_refer_to(repository: Repository, query: Search) -> None:
    await create(repository, patient(id="1"), patient(id="2"), patient(id="3"))
    subjects = [{"reference": f"Patient/{id}"} for id in ("1", "1", "2", "missing", "3")]
    await create(repository, *(observation(subject=subject) for subject in subjects))
    await repository.commit(lambda turn: turn.delete("Patient", "3"))
    page = await repository.search(query("Observation", ("_include", "Observation:subject")))
    assert len(page.matches) == 5
    assert sorted(ids(page.included)) == ["1", "2"]


async def test_revinclude_brings_what_refers_to_matches(repository: Repository, query: Search) -> None:
    await create(repository, patient(id="1"), patient(id="2"))
    await create(repository, observation(id="a", subject={"reference": "Patient/1"}))
    await create(repository, observation(id="b", subject={"reference": "Patient/2"}))
    page = await repository.search(query("Patient", ("_id", "1"), ("_revinclude", "Observation:subject")))
    assert ids(page.matches) == ["1"]
    assert ids(page.included) == ["a"]


async def test_canonical_urls_are_followed_by_includes_in_both_directions(
    repository: Repository, query: Search
) -> None:
    url = "http://example.org/Questionnaire/q"
    await create(
        repository,
        *({"resourceType": "Questionnaire", "id": f"q{v}", "url": url, "version": v} for v in "12"),
        {"resourceType": "Questionnaire", "id": "other", "url": f"{url}2", "version": "1"},
        {"resourceType": "QuestionnaireResponse", "id": "versioned", "questionnaire": f"{url}|2"},
        {"resourceType": "QuestionnaireResponse", "id": "any", "questionnaire": url},
        {"resourceType": "QuestionnaireResponse", "id": "none", "questionnaire": "http://example.org/nowhere|1"},
    )

    async def included(type: str, id: str, *how: tuple[str, str]) -> list[str]:
        page = await repository.search(query(type, ("_id", id), *how))
        assert ids(page.matches) == [id]
        return sorted(ids(page.included))

    forward = ("_include", "QuestionnaireResponse:questionnaire")
    assert await included("QuestionnaireResponse", "versioned", forward) == ["q2"]
    assert await included("QuestionnaireResponse", "any", forward) == ["q1", "q2"]
    assert await included("QuestionnaireResponse", "none", ("_include", "QuestionnaireResponse:*")) == []
    back = ("_revinclude", "QuestionnaireResponse:questionnaire")
    assert await included("Questionnaire", "q2", back) == ["any", "versioned"]
    assert await included("Questionnaire", "other", ("_revinclude", "*")) == []


async def test_what_is_included_is_as_of_the_first_page(repository: Repository, query: Search) -> None:
    await create(repository, patient(id="1", gender="male"))
    await create(repository, *(observation(subject={"reference": "Patient/1"}) for _ in range(2)))
    asked = (("_count", "1"), ("_include", "Observation:subject"))
    page = await repository.search(query("Observation", *asked))
    await repository.commit(lambda turn: turn.update(patient(id="1", gender="female")))
    assert page.next is not None
    second = await repository.search(query("Observation", *asked, ("_page", page.next)))
    assert [version.version_id for version in second.included] == ["1"]


# closing


async def test_after_closing_everything_is_refused(repository: Repository, query: Search) -> None:
    await create(repository, patient(id="1"))
    await repository.close()
    await repository.close()
    for call in (
        repository.read("Patient", "1"),
        repository.vread("Patient", "1", "1"),
        repository.search(query("Patient")),
        repository.changes(0, 1),
        repository.commit(lambda turn: None),
    ):
        with pytest.raises(UnavailableError, match="closed"):
            await call


# texts of any length


async def test_texts_of_any_length_are_indexed_and_found(repository: Repository, query: Search) -> None:
    name, system, uri = "Ä" * 5_000, "urn:" + "x" * 9_000, "https://x.example/" + "y" * 8_000
    start = name[:1_900]
    resource = patient(
        id="long",
        name=[{"family": name + "end"}, {"family": start + "e"}],
        identifier=[{"system": system, "value": "1"}],
        meta={"profile": [uri + "z"]},
    )
    other = patient(id="other", name=[{"family": start}], identifier=[{"system": system + "2", "value": "1"}])
    await create(repository, resource, other)
    for parameter, value, expected in [
        ("family", start, ["other", "long"]),
        ("family", start + "e", ["long"]),
        ("family:exact", start, ["other"]),
        ("family:contains", "end", ["long"]),
        ("identifier", "1", ["other", "long"]),
    ]:
        page = await repository.search(query("Patient", (parameter, value)))
        assert ids(page.matches) == expected, parameter
