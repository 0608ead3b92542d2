"""Value sets: systems that are code systems, codes that exist, filters that can be answered."""

from typing import Any

import pytest
from tests.unit.validation.rules.findings import CODES, VALUES, code_system, found, value_set

from careloom.definitions import Definitions

COLOURS = code_system("red", "blue", filter=[{"code": "hue", "operator": ["="], "value": "a hue"}])


def listed(*codes: str, **fields: Any) -> dict[str, Any]:
    return {"system": CODES, "concept": [{"code": code} for code in codes], **fields}


def filtered(property: str, op: str, value: str) -> dict[str, Any]:
    return {"system": CODES, "filter": [{"property": property, "op": op, "value": value}]}


def test_a_code_that_is_listed_exists(definitions: Definitions) -> None:
    places = found(definitions, value_set(listed("red", "pink")), "value-set-code", extra=[COLOURS])
    assert places == ["ValueSet.compose.include[0].concept[1]"]


@pytest.mark.parametrize("fields", [{"content": "fragment"}, {"version": "2"}], ids=["incomplete", "other version"])
def test_of_content_that_is_not_here_no_code_is_wrong(definitions: Definitions, fields: dict[str, Any]) -> None:
    resource = value_set(listed("pink", version="1"))
    assert found(definitions, resource, "value-set-code", extra=[{**COLOURS, **fields}]) == []


@pytest.mark.parametrize(
    "system",
    [f"{CODES}|1", VALUES, "https://somewhere.test/CodeSystem/supplement"],
    ids=["with version", "a value set", "a supplement"],
)
def test_a_system_is_the_address_of_a_code_system(definitions: Definitions, system: str) -> None:
    supplement = {**COLOURS, "url": "https://somewhere.test/CodeSystem/supplement", "content": "supplement"}
    extra = [COLOURS, {**supplement, "supplements": CODES}, value_set({"system": CODES})]
    resource = value_set({"system": system}, url="https://somewhere.test/ValueSet/other")
    assert found(definitions, resource, "value-set-system", extra=extra) == ["ValueSet.compose.include[0]"]


def test_a_fragment_that_leads_nowhere_is_told(definitions: Definitions) -> None:
    assert found(definitions, value_set({"system": "#c"}), "value-set-system") == ["ValueSet.compose.include[0]"]


@pytest.mark.parametrize(
    ("filter", "is_fine"),
    [
        (filtered("hue", "=", "warm"), True),
        (filtered("hue", "is-a", "warm"), False),
        (filtered("concept", "is-a", "red"), True),
        (filtered("concept", "is-a", "pink"), False),
        (filtered("inactive", "exists", "true"), True),
        (filtered("inactive", "exists", "perhaps"), False),
        (filtered("display", "regex", "r.*"), True),
        (filtered("display", "regex", "("), False),
    ],
)
def test_a_filter_asks_what_the_code_system_can_answer(
    definitions: Definitions, filter: dict[str, Any], is_fine: bool
) -> None:
    places = found(definitions, value_set(filter), "value-set-filter", extra=[COLOURS])
    assert places == ([] if is_fine else ["ValueSet.compose.include[0].filter[0]"])
