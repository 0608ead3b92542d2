"""Extensions: known or not, where they may be used, modifier or not, parts."""

from typing import Any

import pytest
from tests.unit.validation.builders import errors, judge, observation, patient, profile

from careloom.definitions import Definitions
from careloom.model import Resource

URL = "https://somewhere.test/StructureDefinition/e"


def extension(*elements: dict[str, Any], context: str = "Patient", **fields: Any) -> Resource:
    made = profile("Extension", *elements, url=URL, **fields)
    return {**made, "context": [{"type": "element", "expression": context}]}


STRING = (
    {"path": "Extension.url", "fixedUri": URL},
    {"path": "Extension.value[x]", "min": 1, "type": [{"code": "string"}]},
)


def test_an_unknown_extension_is_an_error_unless_it_is_an_example(definitions: Definitions) -> None:
    assert len(errors(judge(definitions, patient(extension=[{"url": URL, "valueString": "x"}])))) == 1
    example = {"url": "http://example.org/x", "valueString": "x"}
    assert errors(judge(definitions, patient(extension=[example]))) == []


def test_a_known_extension_is_judged_by_its_definition(definitions: Definitions) -> None:
    known = [extension(*STRING)]
    assert errors(judge(definitions, patient(extension=[{"url": URL, "valueString": "x"}]), extra=known)) == []
    found = errors(judge(definitions, patient(extension=[{"url": URL, "valueBoolean": True}]), extra=known))
    assert found == ["Patient.extension[0].value: string expected, boolean found"]


def test_an_extension_is_used_where_it_may_be(definitions: Definitions) -> None:
    used = {"url": URL, "valueString": "x"}
    assert (
        errors(
            judge(definitions, patient(name=[{"extension": [used]}]), extra=[extension(*STRING, context="HumanName")])
        )
        == []
    )
    assert (
        errors(
            judge(
                definitions, patient(name=[{"extension": [used]}]), extra=[extension(*STRING, context="Patient.name")]
            )
        )
        == []
    )
    assert (
        errors(
            judge(definitions, patient(_birthDate={"extension": [used]}), extra=[extension(*STRING, context="date")])
        )
        == []
    )
    found = errors(judge(definitions, patient(name=[{"extension": [used]}]), extra=[extension(*STRING)]))
    assert found == [f"Patient.name[0].extension[0]: {URL} is for use on Patient; Patient.name[0] (HumanName) found"]


def test_a_modifier_is_a_modifier_extension(definitions: Definitions) -> None:
    modifier = [extension({"path": "Extension", "isModifier": True, "isModifierReason": "x"}, *STRING)]
    used = {"url": URL, "valueString": "x"}
    assert errors(judge(definitions, patient(modifierExtension=[used]), extra=modifier)) == []
    assert len(errors(judge(definitions, patient(extension=[used]), extra=modifier))) == 1


def test_a_part_is_one_that_the_whole_defines(definitions: Definitions) -> None:
    whole = [
        extension(
            {
                "path": "Extension.extension",
                "slicing": {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"},
            },
            {"id": "Extension.extension:a", "path": "Extension.extension", "sliceName": "a", "min": 1},
            {"id": "Extension.extension:a.url", "path": "Extension.extension.url", "fixedUri": "a"},
            {"path": "Extension.url", "fixedUri": URL},
            {"path": "Extension.value[x]", "max": "0"},
        )
    ]
    right = {"url": URL, "extension": [{"url": "a", "valueString": "x"}]}
    assert errors(judge(definitions, patient(extension=[right]), extra=whole)) == []
    wrong = {"url": URL, "extension": [{"url": "a", "valueString": "x"}, {"url": "b", "valueString": "x"}]}
    found = errors(judge(definitions, patient(extension=[wrong]), extra=whole))
    assert found == [f"Patient.extension[0].extension[1]: a part of {URL} expected (a), 'b' found"]


def test_a_context_may_be_an_expression(definitions: Definitions) -> None:
    named = {
        **extension(*STRING),
        "context": [{"type": "fhirpath", "expression": "Patient.name.where(use = 'official')"}],
    }
    used = {"url": URL, "valueString": "x"}
    assert errors(judge(definitions, patient(name=[{"use": "official", "extension": [used]}]), extra=[named])) == []
    assert len(errors(judge(definitions, patient(name=[{"use": "old", "extension": [used]}]), extra=[named]))) == 1


def test_a_context_may_have_conditions(definitions: Definitions) -> None:
    only = {**extension(*STRING), "contextInvariant": ["active.exists()"]}
    used = {"url": URL, "valueString": "x"}
    assert errors(judge(definitions, patient(active=True, extension=[used]), extra=[only])) == []
    found = errors(judge(definitions, patient(extension=[used]), extra=[only]))
    assert found == [f"Patient.extension[0]: {URL} is for use only where active.exists()"]


def test_a_context_that_is_no_expression_is_a_warning(definitions: Definitions) -> None:
    wrong = {**extension(*STRING), "contextInvariant": ["(("]}
    issues = judge(definitions, patient(extension=[{"url": URL, "valueString": "x"}]), extra=[wrong])
    assert [issue.severity for issue in issues if issue.rule == "context"] == ["warning"]


@pytest.mark.parametrize(
    ("context", "is_fine"),
    [("Element", True), ("Quantity", True), ("Observation.value[x]", True), ("string", False), ("*", False)],
)
def test_a_context_is_the_type_that_is_there_and_no_star(definitions: Definitions, context: str, is_fine: bool) -> None:
    defined = profile(
        "Extension",
        {"path": "Extension.url", "fixedUri": URL},
        url=URL,
        context=[{"type": "element", "expression": context}],
    )
    resource = observation(valueQuantity={"value": 1, "extension": [{"url": URL, "valueString": "x"}]})
    assert (errors(judge(definitions, resource, extra=[defined])) == []) is is_fine
