"""From a snapshot to the tree of its elements."""

from typing import Any

import pytest

from careloom.model import Resource
from careloom.model.errors import DefinitionError
from careloom.validation.reading import read_tree


def snapshot(*elements: dict[str, Any]) -> Resource:
    whole = [{"id": "Composition", "path": "Composition", "min": 0, "max": "*"}, *elements]
    return {"resourceType": "StructureDefinition", "url": "http://example.org/p", "snapshot": {"element": whole}}


def named(path: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"id": f"{path}:{name}", "path": path, "sliceName": name, "min": 1, "max": "1", **fields}


def test_an_element_named_like_a_slice_of_nothing_is_the_element_itself() -> None:
    date = read_tree(snapshot(named("Composition.date", "IssueDate"))).children["date"]
    assert (date.min, date.slice_name, date.slices) == (1, "", ())


def test_an_extension_slice_needs_the_element_it_is_a_slice_of() -> None:
    with pytest.raises(DefinitionError, match=r"Composition\.extension:validity"):
        read_tree(snapshot(named("Composition.extension", "validity")))


def test_a_slice_belongs_to_its_element() -> None:
    whole = {"id": "Composition.section", "path": "Composition.section", "min": 0, "max": "*"}
    section = read_tree(snapshot(whole, named("Composition.section", "plan"))).children["section"]
    assert ["plan"] == [slice.slice_name for slice in section.slices]
