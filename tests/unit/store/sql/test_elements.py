from itertools import islice
from typing import Any

from careloom.search import SearchParameters
from careloom.search.index import FULL_TEXT, gather, way_of
from careloom.store.hashing import hasher
from careloom.store.sql.element_texts import texts_of
from careloom.store.sql.elements import Elements, always, never
from careloom.store.sql.keys import shape_text
from careloom.store.sql.postings import KEPT_IN_VERSION, Finding
from careloom.synth import population

HASH = hasher(bytes(32))


class Numbers:
    """Gives texts numbers, and counts how many were asked for."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self.asked = 0

    def __call__(self, text: str) -> int:
        self.asked += 1
        return self.known.setdefault(text, len(self.known) + 1)


def as_sets(rows: Any) -> dict[str, set[Any]]:
    """The rows without order; words by themselves."""
    found = {table: set(each) for table, each in rows.items() if each and table != "fts"}
    words = {word for (text,) in rows.get("fts", ()) for word in text.split()}
    return {**found, "fts": words} if words else found


def whole(resource: Any, registry: SearchParameters, elements: Elements, numbers: Numbers) -> tuple[Any, str]:
    """The same, worked out from the whole resource."""
    parameters, paths = registry.of(resource["resourceType"]), registry.paths(resource["resourceType"])
    found_by = [code for code in paths if not elements.covers.parts(resource["resourceType"], code)]
    ways = (way_of(parameters[code], path, registry) for code in found_by for path in paths[code])
    found = Finding(resource["resourceType"], HASH, numbers, elements.covers.of(resource["resourceType"]))
    gather(resource, ways, FULL_TEXT, found)
    return as_sets({**found.rows, "fts": [(" ".join(found.words),)]}), shape_text(found.atoms())


def check(resources: list[Any], registry: SearchParameters) -> None:
    elements, numbers = Elements(registry, HASH), Numbers()
    for resource in resources:
        found = elements.found(resource, texts_of(resource)[0], numbers, is_lasting=always)
        expected, told = whole(resource, registry, elements, numbers)
        assert as_sets(found.whole) == expected, resource
        own = {atom for atom in told.split(",") if atom}
        covered = {
            str(numbers(f"{resource['resourceType']}.{code}"))
            for code in elements.covers.of(resource["resourceType"])
            if elements.covers.are_all_of(resource["resourceType"], code)
        }
        kept = {atom for atom in own if atom.partition(":")[0] not in covered}
        in_version = {str(numbers(f"{resource['resourceType']}.{code}")) for code in KEPT_IN_VERSION}
        assert {atom for atom in found.shape.split(",") if atom} >= kept - in_version


def test_elements_together_give_what_the_resource_gives(registry: SearchParameters) -> None:
    check(list(islice(population(3), 150)), registry)


def test_a_reference_to_what_is_contained_is_seen_whole(registry: SearchParameters) -> None:
    observation = {
        "resourceType": "Observation",
        "id": "1",
        "contained": [{"resourceType": "Patient", "id": "p"}],
        "subject": {"reference": "#p"},
        "code": {"text": "pulse"},
    }
    check([observation], registry)


def test_what_was_met_before_is_not_worked_out_again(registry: SearchParameters) -> None:
    elements, numbers = Elements(registry, HASH), Numbers()
    resource = {"resourceType": "Observation", "id": "1", "status": "final", "code": {"text": "Pulse"}}
    elements.found(resource, texts_of(resource)[0], numbers, is_lasting=always)
    before = numbers.asked
    elements.found({**resource, "id": "2"}, texts_of(resource)[0], numbers, is_lasting=always)
    assert numbers.asked == before


def test_numbers_that_may_be_undone_are_not_remembered(registry: SearchParameters) -> None:
    elements, numbers = Elements(registry, HASH), Numbers()
    resource = {"resourceType": "Patient", "id": "1", "gender": "male"}
    elements.found(resource, texts_of(resource)[0], numbers, is_lasting=never)
    before = numbers.asked
    elements.found(resource, texts_of(resource)[0], numbers, is_lasting=never)
    assert numbers.asked > before


def test_what_a_condition_says_depends_on_the_elements_it_names(registry: SearchParameters) -> None:
    dead = {"deceasedBoolean": True}
    patients = [{"resourceType": "Patient", "id": str(at), **each} for at, each in enumerate(({}, dead, {}, dead))]
    elements, numbers = Elements(registry, HASH), Numbers()
    found = [elements.found(each, texts_of(each)[0], numbers, is_lasting=always).rows["tok"] for each in patients]
    assert found[0] == found[2] != found[1] == found[3]
    check(patients, registry)


def test_items_of_a_list_that_were_met_before_are_not_worked_out_again(registry: SearchParameters) -> None:
    elements, numbers = Elements(registry, HASH), Numbers()
    names = [{"family": "Shah", "given": ["Amina"]}, {"family": "Osei", "given": ["Kofi"]}]
    one, other, both = ({"resourceType": "Patient", "id": "1", "name": each} for each in (names[:1], names[1:], names))
    for each in (one, other):
        elements.found(each, texts_of(each)[0], numbers, is_lasting=always)
    before = numbers.asked
    elements.found(both, texts_of(both)[0], numbers, is_lasting=always)
    assert numbers.asked == before
    check([one, other, both, {**both, "name": [names[0], names[0], None]}], registry)


def test_elements_of_one_text_under_two_keys_are_kept_apart(registry: SearchParameters) -> None:
    narrative = {"status": "generated", "div": "<div>broken bone</div>"}
    check([{"resourceType": "Basic", "id": "1", "text": narrative, "subject": narrative}], registry)
    check([{"resourceType": "Basic", "id": "1", "other": "bone", "data": "bone", "more": "bone"}], registry)
