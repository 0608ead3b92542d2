from typing import Any

import pytest
from tests.unit.definitions.small_core import change, core, element, profile, small_definitions

from careloom.definitions.snapshot.tree import Step, list_elements, read_tree, steps_of


@pytest.mark.parametrize("definition", core(), ids=lambda definition: definition["type"])
def test_a_snapshot_is_the_same_list_after_being_a_tree(definition: dict[str, Any]) -> None:
    elements = definition["snapshot"]["element"]
    assert list_elements(read_tree(elements), definition["type"]) == elements


def test_slices_and_reslices_keep_their_place() -> None:
    ids = ["T", "T.a", "T.a.x", "T.a:one", "T.a:one.x", "T.a:one/sub", "T.a:one/sub.x", "T.a:two", "T.b"]
    elements = [element(id) for id in ids]
    assert [found["id"] for found in list_elements(read_tree(elements), "T")] == ids


def test_a_made_snapshot_is_the_same_list_after_being_a_tree() -> None:
    made = small_definitions(profile("P", change("Thing.part:a.code.coding:b.code", max="0"))).structure(
        "http://test/P"
    )
    elements = made["snapshot"]["element"]
    assert list_elements(read_tree(elements), "Thing") == elements


def steps(*elements: dict[str, Any]) -> list[tuple[Step, ...]]:
    return steps_of(elements)


def test_without_ids_the_position_tells_the_slice() -> None:
    found = steps(
        {"path": "T"},
        {"path": "T.a", "sliceName": "one"},
        {"path": "T.a.x"},
        {"path": "T.a", "sliceName": "two"},
        {"path": "T.a.x.y"},
    )
    assert found[2] == (("T", ""), ("a", "one"), ("x", ""))
    assert found[4] == (("T", ""), ("a", "two"), ("x", ""), ("y", ""))


def test_an_id_that_does_not_go_with_its_path_does_not_count() -> None:
    assert steps({"path": "T.a", "id": "T.other"}) == [(("T", ""), ("a", ""))]


def test_an_id_may_name_the_choice_that_the_path_has_in_short() -> None:
    short = {"path": "T.valueQuantity", "id": "T.value[x]:valueQuantity"}
    assert steps(short) == [(("T", ""), ("valueQuantity", ""))]


def test_the_shorthand_does_not_count_where_the_choice_is_sliced_in_so_many_words() -> None:
    sliced = {"path": "T.value[x]", "id": "T.value[x]", "slicing": {"rules": "open"}}
    short = {"path": "T.valueQuantity", "id": "T.value[x]:valueQuantity"}
    assert steps(sliced, short)[1] == (("T", ""), ("value[x]", "valueQuantity"))


def test_a_slice_name_that_the_id_lacks_counts() -> None:
    assert steps({"path": "T.a", "id": "T.a", "sliceName": "one"}) == [(("T", ""), ("a", "one"))]


def test_a_slice_name_at_the_root_does_not_make_a_slice_of_it() -> None:
    root = {"path": "T", "id": "T", "sliceName": "odd"}
    assert steps(root) == [(("T", ""),)]
    assert [found["path"] for found in list_elements(read_tree([root, {"path": "T.a"}]), "T")] == ["T", "T.a"]
