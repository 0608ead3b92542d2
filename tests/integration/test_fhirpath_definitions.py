"""Every expression that the definitions of R4 carry is parsed and compiled, for the types it is written for."""

from typing import Any

import pytest

from careloom.definitions import Definitions, TypeModel
from careloom.fhirpath import compile_expression
from careloom.fhirpath.parser import parse
from careloom.model.errors import InvalidError

# Invariants of 4.0.1 that no strict compilation can accept, for they speak of elements that are not there.
WRONG_IN_R4 = {
    "cid-0": "ChargeItemDefinition has no name",
    "ras-1": "written for the Range of probability[x], and stands on its decimal too",
}


def test_every_invariant_compiles(definitions: Definitions) -> None:
    compiled = [
        compile_expression(text, types=definitions.types, context_type=context)
        for context, text, _ in _invariants(definitions)
    ]
    assert len({expression.text for expression in compiled}) > 190


def test_every_invariant_but_the_wrong_ones_compiles_strictly(definitions: Definitions) -> None:
    refused = {}
    for context, text, key in _invariants(definitions):
        try:
            compile_expression(text, types=definitions.types, context_type=context, strict=True)
        except InvalidError as error:
            refused[key] = str(error)
    assert refused.keys() == WRONG_IN_R4.keys(), refused


def test_every_search_parameter_compiles_for_each_of_its_types(definitions: Definitions) -> None:
    count = 0
    for parameter in definitions.all("SearchParameter"):
        for base in parameter.get("base", ()):
            if "expression" in parameter:
                compile_expression(parameter["expression"], types=definitions.types, context_type=base)
                count += 1
    assert count > 1_384


def test_every_expression_prints_as_itself(definitions: Definitions) -> None:
    texts = {text for _, text, _ in _invariants(definitions)}
    texts |= {parameter.get("expression", "{}") for parameter in definitions.all("SearchParameter")}
    for text in texts:
        assert parse(str(parse(text))) == parse(text)


@pytest.mark.parametrize(
    ("resource", "expression", "expected"),
    [
        (
            {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient", "name": [{"family": "x"}]}}]},
            "entry.resource.ofType(Patient).name.family",
            ["x"],
        ),
        (
            {"resourceType": "Questionnaire", "item": [{"linkId": "1", "item": [{"linkId": "2"}]}]},
            "repeat(item).linkId",
            ["1", "2"],
        ),
        (
            {"resourceType": "Questionnaire", "item": [{"linkId": "1", "item": [{"linkId": "1"}]}]},
            "descendants().linkId.isDistinct()",
            [False],
        ),
        (
            {"resourceType": "Patient", "contained": [{"resourceType": "Organization", "id": "o"}]},
            "contained.where(('#' + id in %resource.descendants().reference).not()).id",
            ["o"],
        ),
        (
            {"resourceType": "Observation", "valueQuantity": {"value": 1.0, "code": "mg"}},
            "value is Quantity and value.exists() and Observation.value.code = 'mg'",
            [True],
        ),
    ],
)
def test_expressions_run_on_the_types_of_r4(
    definitions: Definitions, resource: dict[str, Any], expression: str, expected: list[Any]
) -> None:
    compiled = compile_expression(
        expression, types=definitions.types, context_type=resource["resourceType"], strict=True
    )
    assert compiled.evaluate(resource) == expected


def _invariants(definitions: Definitions) -> set[tuple[str | None, str, str]]:
    """The constraints of all base types: the node each is evaluated on, its expression and its key."""
    found: set[tuple[str | None, str, str]] = set()
    for structure in definitions.all("StructureDefinition"):
        if structure.get("derivation") == "constraint" or structure["kind"] == "logical":
            continue
        for element in structure["snapshot"]["element"]:
            context = _context(element["path"], definitions.types)
            rules = (rule for rule in element.get("constraint", ()) if "expression" in rule)
            found.update((context, rule["expression"], rule["key"]) for rule in rules)
    return found


def _context(path: str, types: TypeModel) -> str | None:
    if types.node(path):
        return path
    parent, _, name = path.rpartition(".")
    node = types.node(parent)
    element = node.elements.get(name.removesuffix("[x]")) if node else None
    return element.types[0] if element and element.types else None
