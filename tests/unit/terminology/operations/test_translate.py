"""$translate."""

from typing import Any

import pytest
from tests.unit.terminology.building import CS, parameters, terminology, told

from careloom.model import Resource
from careloom.model.errors import InvalidError, NotFoundError
from careloom.terminology.operations import translate

MAP, NEXT, THERE = "http://example.org/map", "http://example.org/next", "http://example.org/there"


def concept_map(unmapped: Resource | None = None, url: str = MAP, **fields: Any) -> Resource:
    target = {
        "code": "D",
        "display": "Canine",
        "equivalence": "wider",
        "product": [{"property": "http://example.org/age", "system": THERE, "value": "adult"}],
    }
    group: Resource = {
        "source": CS,
        "target": THERE,
        "element": [
            {"code": "dog", "target": [target]},
            {"code": "plant", "target": [{"equivalence": "unmatched"}]},
        ],
    }
    if unmapped:
        group["unmapped"] = unmapped
    return {
        "resourceType": "ConceptMap",
        "url": url,
        "sourceCanonical": "http://example.org/from",
        "targetCanonical": "http://example.org/to",
        "group": [group],
        **fields,
    }


def matches(answer: Resource) -> list[tuple[str, str | None]]:
    found = []
    for part in answer["parameter"]:
        if part["name"] == "match":
            inner = {each["name"]: each for each in part["part"]}
            coding = inner.get("concept", {}).get("valueCoding", {})
            found.append((inner["equivalence"]["valueCode"], coding.get("code")))
    return found


def test_a_code_is_translated_with_its_equivalence_and_products() -> None:
    answer = translate(terminology(concept_map()), parameters(url=MAP, system=CS, code="dog"))
    assert (True, [("wider", "D")]) == (told(answer)["result"], matches(answer))
    product = next(part for part in answer["parameter"][-1]["part"] if part["name"] == "product")
    assert {"system": THERE, "code": "adult"} == product["part"][1]["valueCoding"]


def test_an_unmatched_code_is_told_and_is_no_result() -> None:
    answer = translate(terminology(concept_map()), parameters(url=MAP, system=CS, code="plant"))
    assert (False, [("unmatched", None)]) == (told(answer)["result"], matches(answer))


def test_a_map_is_read_backward() -> None:
    answer = translate(terminology(concept_map()), parameters(url=MAP, system=THERE, code="D", reverse=True))
    assert [("narrower", "dog")] == matches(answer)


@pytest.mark.parametrize(
    ("unmapped", "expected"),
    [
        (None, []),
        ({"mode": "provided"}, [("equal", "cat")]),
        ({"mode": "fixed", "code": "other"}, [("inexact", "other")]),
        ({"mode": "other-map", "url": NEXT}, [("equal", "cat")]),
        ({"mode": "other-map", "url": MAP}, []),
    ],
)
def test_a_code_that_is_not_listed_follows_the_rule_for_it(unmapped: Resource | None, expected: list[Any]) -> None:
    following = concept_map({"mode": "provided"}, url=NEXT)
    answer = translate(terminology(concept_map(unmapped), following), parameters(url=MAP, system=CS, code="cat"))
    assert expected == matches(answer)


def test_maps_are_found_by_their_ends_and_the_target_system() -> None:
    made = terminology(concept_map())
    by_ends = {"source": "http://example.org/from", "target": "http://example.org/to", "system": CS, "code": "dog"}
    assert [("wider", "D")] == matches(translate(made, parameters(**by_ends)))
    assert [] == matches(translate(made, parameters(**by_ends, targetsystem="http://example.org/else")))


def test_a_question_without_a_map_is_an_error() -> None:
    with pytest.raises(InvalidError, match="url, conceptMap, or source and target"):
        translate(terminology(), parameters(system=CS, code="dog"))
    with pytest.raises(NotFoundError, match=MAP):
        translate(terminology(), parameters(url=MAP, system=CS, code="dog"))
    with pytest.raises(NotFoundError, match="a concept map from"):
        translate(terminology(), parameters(source="http://x", system=CS, code="dog"))


SEX = "http://example.org/sex"


def dependent(value: str, system: str | None = THERE) -> Resource:
    needed = {"property": SEX, "value": value} | ({"system": system} if system else {})
    target = {"code": value.upper(), "equivalence": "equivalent", "dependsOn": [needed]}
    element = {"code": "dog", "target": [target, {"code": "ANY", "equivalence": "wider"}]}
    return {
        "resourceType": "ConceptMap",
        "url": MAP,
        "group": [{"source": CS, "target": THERE, "sourceVersion": "2", "element": [element]}],
    }


def known(element: str, concept: Resource) -> Resource:
    return {
        "name": "dependency",
        "part": [{"name": "element", "valueUri": element}, {"name": "concept", "valueCodeableConcept": concept}],
    }


@pytest.mark.parametrize(
    ("dependency", "expected"),
    [
        (None, [("wider", "ANY")]),
        (known(SEX, {"coding": [{"system": THERE, "code": "male"}]}), [("equivalent", "MALE"), ("wider", "ANY")]),
        (known(SEX, {"text": "male"}), [("equivalent", "MALE"), ("wider", "ANY")]),
        (known(SEX, {"coding": [{"system": CS, "code": "male"}]}), [("wider", "ANY")]),
        (known(SEX, {"coding": [{"system": THERE, "code": "female"}]}), [("wider", "ANY")]),
        (known("http://example.org/else", {"coding": [{"system": THERE, "code": "male"}]}), [("wider", "ANY")]),
    ],
)
def test_a_code_that_hangs_on_something_is_given_where_that_is_known(
    dependency: Resource | None, expected: list[Any]
) -> None:
    asked = parameters(url=MAP, system=CS, code="dog")
    asked["parameter"] += [dependency] if dependency else []
    assert expected == matches(translate(terminology(dependent("male")), asked))


def test_what_is_lacking_for_a_code_is_told() -> None:
    only = dependent("male")
    del only["group"][0]["element"][0]["target"][1]
    answer = told(translate(terminology(only), parameters(url=MAP, system=CS, code="dog")))
    assert {"result": False, "message": f"no code for {CS}#dog without the dependency {SEX} = male"} == answer


def test_a_map_of_another_version_of_the_system_is_not_read() -> None:
    made = terminology(dependent("male"))
    for version, expected in (("2", [("wider", "ANY")]), ("3", [])):
        asked = parameters(url=MAP, system=CS, code="dog", version=version)
        assert expected == matches(translate(made, asked))


def test_the_closest_comes_first_and_none_twice() -> None:
    equivalences = ["inexact", "narrower", "equal", "wider", "relatedto", "unmatched", "equivalent"]
    targets = [{"code": each, "equivalence": each} for each in equivalences]
    group = {"source": CS, "target": THERE, "element": [{"code": "dog", "target": [*targets, *targets]}]}
    made = terminology({"resourceType": "ConceptMap", "url": MAP, "group": [group]})
    found = [code for _, code in matches(translate(made, parameters(url=MAP, system=CS, code="dog")))]
    assert ["equal", "equivalent", "wider", "narrower", "relatedto", "inexact", "unmatched"] == found


def test_backward_source_and_target_change_places_and_dependencies_come_out() -> None:
    one = {**dependent("male"), "sourceUri": "http://example.org/from", "targetUri": "http://example.org/to"}
    by_ends = {"source": "http://example.org/to", "target": "http://example.org/from"}
    answer = translate(terminology(one), parameters(**by_ends, system=THERE, code="MALE", reverse=True))
    assert [("equivalent", "dog")] == matches(answer)
    product = next(part for part in answer["parameter"][-1]["part"] if part["name"] == "product")
    assert SEX == product["part"][0]["valueUri"]
