"""Definitions of extensions, and how any definition stands to its base."""

from typing import Any

import pytest
from tests.unit.validation.builders import profile
from tests.unit.validation.rules.findings import found

from careloom.definitions import Definitions
from careloom.model import Resource

URL = "https://somewhere.test/StructureDefinition/e"
CONTEXT = "StructureDefinition.context[0]"


def extension(*, fixed: str = URL, context: str = "Patient", **fields: Any) -> Resource:
    contexts = [{"type": "element", "expression": context}]
    return profile("Extension", {"path": "Extension.url", "fixedUri": fixed}, url=URL, context=contexts, **fields)


def test_an_extension_fixes_its_own_address(definitions: Definitions) -> None:
    assert found(definitions, extension(), "extension-url") == []
    assert found(definitions, extension(fixed=URL + "x"), "extension-url") == ["StructureDefinition"]
    nowhere = profile("Extension", {"path": "Extension.value[x]", "min": 1}, url=URL)
    assert found(definitions, nowhere, "extension-url") == ["StructureDefinition"]


@pytest.mark.parametrize(
    ("context", "is_fine"),
    [
        ("Patient.contact.name.family", True),
        ("Observation.value[x]", True),
        ("Questionnaire.item.item", True),
        ("https://somewhere.test/StructureDefinition/Model", True),
        ("Patient.nickname", False),
    ],
)
def test_a_context_is_an_element(definitions: Definitions, context: str, is_fine: bool) -> None:
    assert found(definitions, extension(context=context), "extension-context") == ([] if is_fine else [CONTEXT])


def test_only_an_extension_has_contexts(definitions: Definitions) -> None:
    contexts = [{"type": "element", "expression": "Patient"}]
    resource = profile("Patient", {"path": "Patient.name", "min": 1}, context=contexts)
    assert found(definitions, resource, "extension-context") == [CONTEXT]
