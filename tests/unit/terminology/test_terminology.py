"""Value sets and code systems: membership, expansion, filters, imports, formal systems."""

from threading import Event, Thread, current_thread, main_thread
from typing import Any

import pytest

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.model.errors import NotFoundError, NotSupportedError
from careloom.terminology import Terminology
from careloom.terminology.formal import is_language, is_media_type, is_unit
from careloom.terminology.formal.currencies import currencies

CS = "http://example.org/cs"
VS = "http://example.org/vs"
OTHER = "http://example.org/vs-other"
SNOMED = "http://snomed.info/sct"


def code_system(**fields: Any) -> Resource:
    concepts = [
        {
            "code": "animal",
            "display": "Animal",
            "concept": [
                {"code": "dog", "display": "Dog", "designation": [{"value": "Hound"}]},
                {"code": "cat", "display": "Cat", "property": [{"code": "wild", "valueBoolean": False}]},
            ],
        },
        {"code": "plant", "display": "Plant", "property": [{"code": "wild", "valueBoolean": True}]},
    ]
    return {
        "resourceType": "CodeSystem",
        "url": CS,
        "status": "active",
        "content": "complete",
        "concept": concepts,
        **fields,
    }


def value_set(*includes: dict[str, Any], url: str = VS, **fields: Any) -> Resource:
    return {
        "resourceType": "ValueSet",
        "url": url,
        "status": "active",
        "compose": {"include": list(includes)},
        **fields,
    }


def terminology(definitions: Definitions, *resources: Resource) -> Terminology:
    return Terminology(definitions.with_resources([code_system(), *resources]))


def codes(made: Terminology) -> set[str]:
    return {code for _, code in made.expand(VS).codes}


def filtered(property: str, op: str, value: str) -> dict[str, Any]:
    return {"system": CS, "filter": [{"property": property, "op": op, "value": value}]}


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        ({"system": CS}, {"animal", "dog", "cat", "plant"}),
        ({"system": CS, "concept": [{"code": "dog"}]}, {"dog"}),
        (filtered("concept", "is-a", "animal"), {"animal", "dog", "cat"}),
        (filtered("concept", "descendent-of", "animal"), {"dog", "cat"}),
        (filtered("concept", "is-not-a", "animal"), {"plant"}),
        (filtered("concept", "generalizes", "dog"), {"dog", "animal"}),
        (filtered("code", "regex", "[cd].*"), {"dog", "cat"}),
        (filtered("code", "in", "dog, plant"), {"dog", "plant"}),
        (filtered("code", "not-in", "dog,plant"), {"animal", "cat"}),
        (filtered("wild", "=", "true"), {"plant"}),
        (filtered("wild", "exists", "true"), {"cat", "plant"}),
        (filtered("wild", "exists", "false"), {"animal", "dog"}),
        (filtered("parent", "=", "animal"), {"dog", "cat"}),
    ],
)
def test_an_inclusion_lists_its_codes(definitions: Definitions, include: dict[str, Any], expected: set[str]) -> None:
    assert codes(terminology(definitions, value_set(include))) == expected


def test_an_exclusion_takes_codes_away(definitions: Definitions) -> None:
    compose = {"include": [{"system": CS}], "exclude": [{"system": CS, "concept": [{"code": "dog"}]}]}
    assert codes(terminology(definitions, value_set(compose=compose))) == {"animal", "cat", "plant"}


def test_imports_are_an_intersection(definitions: Definitions) -> None:
    other = value_set({"system": CS, "concept": [{"code": "dog"}, {"code": "plant"}]}, url=OTHER)
    both = value_set({"system": CS, "filter": filtered("concept", "is-a", "animal")["filter"], "valueSet": [OTHER]})
    assert codes(terminology(definitions, other, both)) == {"dog"}


def test_a_value_set_that_imports_itself_is_no_trap(definitions: Definitions) -> None:
    made = terminology(definitions, value_set({"valueSet": [VS]}))
    assert made.validate_code(VS, system=CS, code="dog").result == "unknown"


class HeldUp(Terminology):
    """A terminology whose other threads are held up while they read a value set."""

    def __init__(self, definitions: Definitions) -> None:
        super().__init__(definitions)
        self.reads, self.goes_on = Event(), Event()

    def value_set(self, url: str) -> Resource | None:
        if current_thread() is not main_thread():
            self.reads.set()
            assert self.goes_on.wait(60)
        return super().value_set(url)


@pytest.mark.parametrize("asked", [VS, OTHER], ids=["the same value set", "one that imports it"])
def test_a_value_set_that_another_thread_reads_just_now_is_not_taken_for_missing(
    definitions: Definitions, asked: str
) -> None:
    sets = value_set({"system": CS}), value_set({"valueSet": [VS]}, url=OTHER)
    terminology = HeldUp(definitions.with_resources([code_system(), *sets]))
    other: list[str] = []
    thread = Thread(target=lambda: other.append(terminology.validate_code(VS, system=CS, code="fish").result))
    thread.start()
    assert terminology.reads.wait(60)
    here = terminology.validate_code(asked, system=CS, code="fish").result
    terminology.goes_on.set()
    thread.join()
    assert [here, *other] == ["out", "out"]
    assert terminology.validate_code(asked, system=CS, code="fish").result == "out"


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [(CS, "dog", "in"), (None, "dog", "in"), (CS, "plant", "out"), ("http://example.org/x", "dog", "out")],
)
def test_membership_is_by_system_and_code(
    definitions: Definitions, system: str | None, code: str, expected: str
) -> None:
    made = terminology(definitions, value_set({"system": CS, "concept": [{"code": "dog"}]}))
    assert made.validate_code(VS, system=system, code=code).result == expected


def test_what_is_selected_from_a_system_without_content_is_unknown(definitions: Definitions) -> None:
    made = terminology(definitions, value_set({"system": SNOMED, "filter": filtered("concept", "is-a", "1")["filter"]}))
    assert made.validate_code(VS, system=SNOMED, code="2").result == "unknown"
    assert made.validate_code(VS, system=CS, code="dog").result == "out"
    with pytest.raises(NotSupportedError, match=r"snomed\.info"):
        made.expand(VS)


def test_an_expansion_stands_in_for_content(definitions: Definitions) -> None:
    expansion = {"contains": [{"system": SNOMED, "code": "1", "display": "One"}]}
    made = terminology(definitions, value_set({"system": SNOMED, "filter": [{"op": "is-a"}]}, expansion=expansion))
    assert made.validate_code(VS, system=SNOMED, code="1").display == "One"
    assert made.validate_code(VS, system=SNOMED, code="2").result == "out"


def test_one_page_of_an_expansion_does_not_stand_in(definitions: Definitions) -> None:
    expansion = {"total": 2, "contains": [{"system": SNOMED, "code": "1"}]}
    made = terminology(definitions, value_set({"system": SNOMED, "filter": [{"op": "is-a"}]}, expansion=expansion))
    assert made.validate_code(VS, system=SNOMED, code="2").result == "unknown"


def test_case_matters_unless_the_system_says_otherwise(definitions: Definitions) -> None:
    made = terminology(definitions)
    assert made.lookup(CS, "DOG") is None
    folded = Terminology(definitions.with_resources([code_system(caseSensitive=False), value_set({"system": CS})]))
    assert folded.validate_code(VS, system=CS, code="DOG").result == "in"


def test_a_concept_has_terms_and_place(definitions: Definitions) -> None:
    concept = terminology(definitions).lookup(CS, "dog")
    assert concept is not None
    assert (concept.display, concept.designations, concept.parents) == ("Dog", ("Hound",), ("animal",))


def test_a_fragment_does_not_say_what_is_not_there(definitions: Definitions) -> None:
    made = Terminology(definitions.with_resources([code_system(content="fragment")]))
    assert (made.has_code(CS, "dog"), made.has_code(CS, "fish")) == (True, None)


def test_a_missing_value_set_is_unknown_and_cannot_be_expanded(definitions: Definitions) -> None:
    made = terminology(definitions)
    assert made.validate_code("http://example.org/none", system=CS, code="dog").result == "unknown"
    with pytest.raises(NotFoundError, match=r"http://example\.org/none"):
        made.expand("http://example.org/none")


def test_core_value_sets_expand(definitions: Definitions) -> None:
    expansion = Terminology(definitions).expand("http://hl7.org/fhir/ValueSet/administrative-gender")
    assert {code for _, code in expansion.codes} == {"male", "female", "other", "unknown"}


@pytest.mark.parametrize("tag", ["en", "en-GB", "zh-Hant-TW", "x-private", "sl-rozaj-biske-1994"])
def test_language_tags_are_recognised(tag: str) -> None:
    assert is_language(tag)


@pytest.mark.parametrize("tag", ["", "e", "en_GB", "english language", "en-"])
def test_what_is_no_language_tag_is_refused(tag: str) -> None:
    assert not is_language(tag)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("text/plain", True),
        ("text/plain; charset=utf-8", True),
        ("application/fhir+json", True),
        ("json", True),
        ("text", False),
        ("a/b c", False),
    ],
)
def test_media_types_are_recognised(text: str, expected: bool) -> None:
    assert is_media_type(text) is expected


@pytest.mark.parametrize(
    ("code", "expected"), [("mg/dL", True), ("mm[Hg]", True), ("{beats}/min", True), ("bananas", False), ("", False)]
)
def test_units_are_recognised(code: str, expected: bool) -> None:
    assert is_unit(code) is expected


def test_currencies_are_recognised() -> None:
    known = currencies()
    assert ["Pound Sterling", None] == [each and each.display for each in (known.find("GBP"), known.find("gbp"))]


@pytest.mark.parametrize("key", ["compose", "expansion"])
@pytest.mark.parametrize(
    "odd",
    [None, [], "x", 1, {"include": "x"}, {"include": [{"system": CS, "concept": ["x", {}]}]}, {"contains": [{}, 1]}],
)
def test_a_malformed_value_set_has_no_codes_and_raises_nothing(definitions: Definitions, key: str, odd: Any) -> None:
    made = terminology(definitions, {"resourceType": "ValueSet", "url": VS, key: odd})
    assert made.validate_code(VS, system=CS, code="dog").result == "out"


def test_a_pattern_that_is_none_leaves_the_answer_open(definitions: Definitions) -> None:
    made = terminology(definitions, value_set(filtered("code", "regex", "(")))
    assert made.validate_code(VS, system=CS, code="dog").result == "unknown"
