from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.store.sql.test_elements import HASH, Numbers, as_sets

from careloom.definitions import Definitions
from careloom.search import SearchParameters
from careloom.store import AuditForm
from careloom.store.sql import outlines as module
from careloom.store.sql.blanks import outlined_of
from careloom.store.sql.element_texts import texts_of
from careloom.store.sql.elements import Elements, Lasting, always, never
from careloom.store.sql.outlines import Outlines

NOW = "2026-11-22T10:15:30.000123Z"
SORT = {"code": "2", "display": "System Object"}


def reference(address: str) -> dict[str, Any]:
    return {"what": {"reference": address}, "type": SORT}


def identifier(value: str, **more: Any) -> dict[str, Any]:
    return {"what": {"identifier": {"value": value, **more}}}


def event(*entities: Any, recorded: str = NOW, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "AuditEvent",
        "id": "e-1",
        "type": {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"},
        "recorded": recorded,
        "outcome": "0",
        "agent": [{"who": {"identifier": {"value": "acute-epr"}}, "policy": ["urn:uuid:t-1"], "requestor": True}],
        "source": {"observer": {"display": "http://127.0.0.1/fhir"}},
        **({"entity": list(entities)} if entities else {}),
        **more,
    }


def made(found: tuple[Any, bytes]) -> Any:
    rows, body = found
    return as_sets(rows.rows), as_sets(rows.whole), rows.shape, rows.frame, body


def generally(registry: SearchParameters, resource: Any, numbers: Numbers) -> Any:
    """What nothing is remembered for."""
    texts, body = texts_of(resource)
    return made((Elements(registry, HASH).found(resource, texts, numbers, is_lasting=never), body))


def several(start: int, *, like: Any) -> Iterator[Any]:
    """Events of one kind that differ in their blanks."""
    for number in range(start, start + 5):
        yield like(number)


KINDS: dict[str, Any] = {
    "read": lambda n: event(
        reference(f"Patient/{n}"), reference(f"Observation/o{n}/_history/{n}"), identifier(f"r-{n}")
    ),
    "patient read": lambda n: event(reference(f"Patient/{n}"), reference(f"Patient/{n}/_history/1"), identifier("r")),
    "the same twice": lambda n: event(reference(f"Patient/{n % 2}"), reference("Patient/1")),
    "search": lambda n: event({"type": SORT, "query": f"cXVlcnk{n}="}, identifier(f"01a2-{n}")),
    "odd query": lambda n: event({"query": f'"{n}\\ é'}, reference(f"Group/{n}")),
    "refused": lambda n: event(identifier(f"r-{n}"), outcome="4", outcomeDesc=f"404: no Patient/{n % 2}"),
    "nothing": lambda n: event(),
    "elsewhere": lambda n: event(reference(f"http://other/fhir/Patient/{n}"), reference(f"urn:uuid:{n}")),
    "with a system": lambda n: event(identifier(f"{n}", system="https://fhir.nhs.uk/Id/nhs-number")),
    "odd identifiers": lambda n: event(identifier(f" {n}|x é"), identifier("")),
    "other instants": lambda n: event(identifier("r"), recorded=f"2026-11-22T10:15:{n:02}+01:00"),
    "no such instant": lambda n: event(identifier("r"), recorded=f"2026-13-4{n % 10}T10:15:30.000123Z"),
    "many": lambda n: event(*(reference(f"Observation/{n}-{k}") for k in range(20))),
    "decimals": lambda n: event(identifier("r"), extension=[{"url": "u", "valueDecimal": Decimal(f"{n}.10")}]),
    "named like a stand-in": lambda n: event(reference("Patient/stand-in-0"), identifier(f"stand-in-{n}")),
    "said elsewhere, too": lambda n: event(identifier(f"r-{n}"), outcomeDesc="stand-in-0"),
    "contained": lambda n: event(reference("#p"), contained=[{"resourceType": "Patient", "id": "p"}]),
    "shown": lambda n: event(
        {**reference(f"Patient/{n}"), "name": "Ann", "what": {"reference": "Patient/1", "display": "A"}}
    ),
    "no object": lambda n: event("text", None),
}


def form(resource: Any, kind: str, lines: list[Any] | None = None, alike: tuple[int, ...] = ()) -> AuditForm:
    """A record as a form; each time it is written out, a line is added."""
    entities = resource.get("entity", [])
    identifiers = [each["what"].get("identifier", {}).get("value", "") for each in entities if "what" in each]

    def written_out() -> Any:
        if lines is not None:
            lines.append(resource)
        return resource

    return AuditForm(
        resource["id"],
        kind,
        datetime.fromisoformat(resource["recorded"]),
        tuple(each["what"]["reference"] for each in entities if "reference" in each.get("what", {})),
        "".join(each.get("query", "") for each in entities),
        identifiers[-1] if identifiers else "",
        written_out,
        alike,
    )


@pytest.mark.parametrize("words", [True, False], ids=["words", "no words"])
@pytest.mark.parametrize(
    "kind", ["read", "patient read", "the same twice", "search", "refused", "nothing", "elsewhere", "many"]
)
def test_a_form_is_what_its_record_would_be(
    registry: SearchParameters, wordless: SearchParameters, kind: str, *, words: bool
) -> None:
    registry = registry if words else wordless
    outlines, numbers = Outlines(Elements(registry, HASH), HASH), Numbers()
    for resource in several(1, like=KINDS[kind]):
        asked = form(resource, f"{kind} {resource.get('outcomeDesc', '')}")
        assert made(outlines.found(asked, numbers, always)) == generally(registry, resource, numbers)


def test_from_the_third_on_a_form_is_not_written_out(wordless: SearchParameters) -> None:
    outlines, numbers, lines = Outlines(Elements(wordless, HASH), HASH), Numbers(), list[Any]()
    for resource in several(1, like=KINDS["read"]):
        outlines.found(form(resource, "read", lines), numbers, always)
    assert len(lines) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"recorded": datetime(2026, 1, 1, tzinfo=UTC)},
        {"references": ("Patient/1", "Observation/other/_history/1")},
        {"references": ("Patient/1",)},
        {"request_id": "another"},
        {"query": "cXVlcnk="},
        {"request_id": "not:plain"},
        {"references": ("Patient/1", "http://elsewhere/Observation/1")},
        {"references": tuple(f"Patient/{number}" for number in range(9))},
    ],
    ids=["moment", "reference", "one less", "request", "query", "no plain value", "elsewhere", "many"],
)
def test_a_form_that_tells_other_things_than_its_record_is_not_gone_by(
    wordless: SearchParameters, change: dict[str, Any]
) -> None:
    outlines, numbers, lines = Outlines(Elements(wordless, HASH), HASH), Numbers(), list[Any]()
    for resource in several(1, like=KINDS["read"]):
        asked = replace(form(resource, "read", lines), **change)
        assert made(outlines.found(asked, numbers, always)) == generally(wordless, resource, numbers)
    assert len(lines) == 5


@pytest.mark.parametrize("words", [True, False], ids=["words", "no words"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_filled_outline_is_what_is_worked_out_each_time(
    registry: SearchParameters, wordless: SearchParameters, kind: str, *, words: bool
) -> None:
    registry = registry if words else wordless
    outlines, numbers = Outlines(Elements(registry, HASH), HASH), Numbers()
    for resource in several(1, like=KINDS[kind]):
        try:
            expected = generally(registry, resource, numbers)
        except (AttributeError, TypeError) as error:
            with pytest.raises(type(error)):
                outlines.found(resource, numbers, always)
            continue
        assert made(outlines.found(resource, numbers, always)) == expected


ID = st.from_regex(r"[A-Za-z0-9\-.]{1,12}", fullmatch=True)
ENTITIES = st.lists(
    st.one_of(
        st.builds(reference, st.builds("{}/{}".format, st.sampled_from(["Patient", "Group", "Task"]), ID)),
        st.builds(reference, st.builds("Observation/{}/_history/{}".format, ID, ID)),
        st.builds(identifier, st.text(max_size=8) | ID),
        st.builds(lambda text: {"query": text}, st.text(max_size=8)),
    ),
    max_size=4,
)


@given(st.lists(ENTITIES, min_size=1, max_size=4))
def test_so_it_is_whatever_the_blanks_hold(wordless: SearchParameters, lists: list[Any]) -> None:
    outlines, numbers = Outlines(Elements(wordless, HASH), HASH), Numbers()
    for entities in [*lists, *lists, *lists]:
        resource = event(*entities)
        assert made(outlines.found(resource, numbers, always)) == generally(wordless, resource, numbers)


def touched(address: str) -> dict[str, Any]:
    return {**reference(address), "role": {"code": "4", "display": "Domain Resource"}}


def listing(patients: list[str], resources: list[str], *others: Any, **more: Any) -> tuple[Any, tuple[int, int]]:
    """A record of many resources, and which of its entities are alike."""
    entities = [*map(reference, patients), *map(touched, resources), *others]
    return event(*entities, **more), (len(patients), len(resources))


def bundle(number: int) -> tuple[Any, tuple[int, int]]:
    """The record of a transaction, each longer than the one before, with its resources in another order."""
    types = [f"{type}/{number}-{place}" for place in range(number) for type in ("Patient", "Observation", "Task")]
    versions = [f"{each}/_history/{len(each)}" for each in (types if number % 2 else reversed(types))]
    return listing([f"Patient/{number}-{place}" for place in range(number)], versions, identifier(f"r-{number}"))


@pytest.mark.parametrize("words", [True, False], ids=["words", "no words"])
def test_a_form_of_many_resources_is_what_its_record_would_be(
    registry: SearchParameters, wordless: SearchParameters, *, words: bool
) -> None:
    registry = registry if words else wordless
    outlines, numbers = Outlines(Elements(registry, HASH), HASH), Numbers()
    for resource, alike in map(bundle, range(3, 9)):
        asked = form(resource, "transaction", alike=alike)
        assert made(outlines.found(asked, numbers, always)) == generally(registry, resource, numbers)


def test_from_the_third_on_one_of_many_resources_is_not_written_out(wordless: SearchParameters) -> None:
    outlines, numbers, lines = Outlines(Elements(wordless, HASH), HASH), Numbers(), list[Any]()
    for resource, alike in map(bundle, range(3, 9)):
        outlines.found(form(resource, "transaction", lines, alike), numbers, always)
    assert len(lines) == 2


ADDRESS = st.builds("{}/{}".format, st.sampled_from(["Patient", "Group", "Task"]), ID)
VERSION = st.builds("{}/_history/{}".format, ADDRESS, ID)
LISTING = st.builds(
    listing,
    st.lists(ADDRESS | st.just("Patient/1"), max_size=6),
    st.lists(VERSION | ADDRESS | st.just("Patient/1/_history/1"), min_size=6, max_size=12),
    st.builds(identifier, st.sampled_from(["r-1", "r-2"])),
)


@given(st.lists(LISTING, min_size=1, max_size=4))
def test_so_it_is_whatever_is_listed(wordless: SearchParameters, listings: list[Any]) -> None:
    outlines, numbers = Outlines(Elements(wordless, HASH), HASH), Numbers()
    for resource, alike in [*listings, *listings, *listings]:
        asked = form(resource, "transaction", alike=alike)
        assert made(outlines.found(asked, numbers, always)) == generally(wordless, resource, numbers)


@pytest.mark.parametrize(
    "odd",
    [
        listing(["Patient/1"], [f"Task/{n}" for n in range(9)], {**identifier("r"), "name": "Task/1"}),
        listing(["Patient/1"], [f"http://elsewhere/Task/{n}" for n in range(9)]),
        (event(*(reference(f"Task/{n}") for n in range(9))), (2, 6)),
        (event(*(reference(f"Task/{n}") for n in range(9))), ()),
        (event(*(touched(f"Task/{n}") for n in range(5)), *(reference(f"Task/{n}") for n in range(5))), (10,)),
        (event(identifier("first"), *(reference(f"Task/{n}") for n in range(9))), (9,)),
        listing([], [f"{chr(65 + n % 26)}{chr(97 + n // 26)}/1" for n in range(70)]),
    ],
    ids=["said elsewhere", "elsewhere", "short runs", "no runs", "not alike", "others before", "many kinds"],
)
def test_what_is_listed_otherwise_is_worked_out_each_time(wordless: SearchParameters, odd: Any) -> None:
    outlines, numbers = Outlines(Elements(wordless, HASH), HASH), Numbers()
    resource, alike = odd
    for _ in range(4):
        asked = form(resource, "transaction", alike=alike)
        assert made(outlines.found(asked, numbers, always)) == generally(wordless, resource, numbers)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The resources that were written as JSON in the general way."""
    calls: list[Any] = []

    def counting(resource: Any) -> Any:
        calls.append(resource)
        return texts_of(resource)

    monkeypatch.setattr(module, "texts_of", counting)
    return calls


@pytest.fixture(scope="module")
def wordless(definitions: Definitions) -> SearchParameters:
    """As of a hub, where words of audit records are not looked for."""
    return SearchParameters(
        definitions, base_url="https://hub.example/fhir/", left_out={"AuditEvent": frozenset({"_content", "_text"})}
    )


def found(registry: SearchParameters, kind: str, is_lasting: Lasting) -> None:
    outlines, numbers = Outlines(Elements(registry, HASH), HASH), Numbers()
    for number in range(10):
        outlines.found(KINDS[kind](number), numbers, is_lasting)


@pytest.mark.parametrize("kind", ["read", "search", "odd query"])
def test_from_the_third_on_nothing_is_worked_out(
    wordless: SearchParameters, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    calls = counted(monkeypatch)
    found(wordless, kind, always)
    assert len(calls) == 3, "the first, the second and its stand-in"


def test_nothing_is_learned_from_numbers_that_may_be_undone(
    wordless: SearchParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted(monkeypatch)
    found(wordless, "read", never)
    assert len(calls) == 10


def test_what_shows_in_another_way_is_worked_out_each_time(
    wordless: SearchParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted(monkeypatch)
    found(wordless, "said elsewhere, too", always)
    assert len(calls) == 11, "all ten, and a stand-in that was tried once"


def test_what_is_in_the_blanks_is_no_part_of_the_kind() -> None:
    one, other = (outlined_of(KINDS["read"](number)) for number in (1, 2))
    assert one and other and one.kind == other.kind and one.blanks != other.blanks
    versioned = outlined_of(event(reference("Patient/1/_history/1"), reference("Observation/2"), identifier("r")))
    assert versioned and versioned.kind != one.kind
