from threading import Event, Thread, current_thread, main_thread
from typing import Any

import pytest
from tests.unit.definitions.small_core import profile, small_definitions

from careloom.definitions import ElementInfo, TypeModel, TypeNode


@pytest.fixture(scope="module")
def types() -> TypeModel:
    return small_definitions(profile("P")).types


def node(types: TypeModel, name: str) -> TypeNode:
    found = types.node(name)
    assert found is not None
    return found


def test_a_resource_has_its_elements_in_order(types: TypeModel) -> None:
    thing = node(types, "Thing")
    assert (thing.kind, thing.base) == ("resource", "Resource")
    assert list(thing.elements)[-4:] == ["code", "value", "friend", "part"]


def test_an_element_with_elements_of_its_own_is_a_node(types: TypeModel) -> None:
    part = node(types, "Thing.part")
    assert (part.kind, part.base) == ("backbone", "BackboneElement")
    assert node(types, "Thing").elements["part"].types == ("Thing.part",)


def test_a_content_reference_is_of_the_node_it_repeats(types: TypeModel) -> None:
    assert node(types, "Thing.part").elements["part"].types == ("Thing.part",)
    assert types.node("Thing.part.part") is None


def test_a_choice_is_found_by_its_name_with_a_type(types: TypeModel) -> None:
    value = ElementInfo("value", "Thing.value[x]", ("Quantity", "string", "Coding"), False, True, 0, "1")
    assert types.property(node(types, "Thing"), "valueQuantity") == (value, "Quantity")
    assert types.property(node(types, "Thing"), "valueBoolean") is None
    assert types.property(node(types, "Thing"), "value") is None


@pytest.mark.parametrize(
    ("name", "key", "type"),
    [
        ("Thing", "id", "id"),
        ("Coding", "id", "string"),
        ("string", "value", "System.String"),
        ("Thing", "contained", "Resource"),
    ],
)
def test_system_types_are_put_straight(types: TypeModel, name: str, key: str, type: str) -> None:
    found = types.property(node(types, name), key)
    assert found is not None
    assert found[1] == type


@pytest.mark.parametrize(
    ("name", "ancestor", "expected"),
    [
        ("Age", "Quantity", True),
        ("code", "string", True),
        ("Thing", "Resource", True),
        ("Thing.part", "BackboneElement", True),
        ("Quantity", "Age", False),
        ("Unknown", "Element", False),
    ],
)
def test_a_type_is_what_it_builds_on(types: TypeModel, name: str, ancestor: str, expected: bool) -> None:
    assert types.is_a(name, ancestor) is expected


def test_the_concrete_resource_types_are_known_without_the_abstract_ones(types: TypeModel) -> None:
    assert types.resource_types() == frozenset({"Thing"})


def test_a_profile_is_no_type(types: TypeModel) -> None:
    assert types.node("http://test/P") is None


class HeldUp(dict[str, Any]):
    """An element that other threads are held up at."""

    reads, goes_on = Event(), Event()

    def __getitem__(self, key: str) -> Any:
        if key == "min" and current_thread() is not main_thread():
            self.reads.set()
            assert self.goes_on.wait(60)
        return super().__getitem__(key)


def test_a_part_of_a_type_that_another_thread_reads_just_now_is_there() -> None:
    definitions = small_definitions(profile("P"))
    thing = definitions.structure("Thing")
    elements = [HeldUp(each) if each["path"] == "Thing.part.part" else each for each in thing["snapshot"]["element"]]
    assert any(isinstance(each, HeldUp) for each in elements), [each["path"] for each in elements]
    held = {**thing, "snapshot": {"element": elements}}

    def structures(canonical_or_type: str, *, asked_by: str = "") -> Any:
        return held if canonical_or_type == "Thing" else definitions.structure(canonical_or_type, asked_by=asked_by)

    types = TypeModel(structures, frozenset({"Thing"}))
    thread = Thread(target=lambda: types.node("Thing"))
    thread.start()
    assert HeldUp.reads.wait(60)
    here = types.node("Thing.part")
    HeldUp.goes_on.set()
    thread.join()
    assert here is not None
