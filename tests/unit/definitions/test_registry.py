import pytest
from tests.unit.definitions.small_core import BASE, change, elements_of, extension, profile, small_definitions

from careloom.definitions import Definitions
from careloom.definitions.layer import Layer
from careloom.model import Resource
from careloom.model.errors import NotFoundError

URL = "http://test/codes"


def value_set(version: str = "", **more: str) -> Resource:
    return {"resourceType": "ValueSet", "url": URL, **({"version": version} if version else {}), **more}


def layered(*layers: list[Resource]) -> Definitions:
    definitions = Definitions(Layer.of_resources([]))
    for layer in layers:
        definitions = definitions.with_resources(layer)
    return definitions


def test_a_canonical_without_version_finds_the_newest_of_a_layer() -> None:
    definitions = layered([value_set("1.9.0"), value_set("1.10.0"), value_set("1.10.0-ballot")])
    assert definitions.find(URL) == value_set("1.10.0")


def test_a_partial_version_takes_any_patch_of_it() -> None:
    definitions = layered([value_set("1.2.3"), value_set("1.20.0")])
    assert definitions.find(f"{URL}|1.2") == value_set("1.2.3")


def test_a_version_that_is_not_there_finds_nothing() -> None:
    assert layered([value_set("1.0")]).find(f"{URL}|2.0") is None


def test_a_later_layer_wins_whatever_its_version() -> None:
    definitions = layered([value_set("2.0")], [value_set("1.0")])
    assert definitions.find(URL) == value_set("1.0")


def test_a_type_passes_over_another_resource_of_the_same_url() -> None:
    code_system = {"resourceType": "CodeSystem", "url": URL}
    definitions = layered([value_set()], [code_system])
    assert definitions.find(URL, "ValueSet") == value_set()


def test_what_is_missing_is_told_with_who_asked() -> None:
    with pytest.raises(NotFoundError, match=r"ValueSet http://test/codes .* Patient.gender asks for it"):
        layered().require(URL, "ValueSet", asked_by="Patient.gender")


def test_all_leaves_out_what_a_later_layer_replaces() -> None:
    other = {"resourceType": "ValueSet", "url": "http://test/other"}
    definitions = layered([value_set("1.0"), other], [value_set("2.0")])
    assert list(definitions.all("ValueSet")) == [other, value_set("2.0")]


def test_a_layer_does_not_change_what_it_lies_on() -> None:
    below = layered([value_set("1.0")])
    below.with_resources([value_set("2.0")])
    assert below.find(URL) == value_set("1.0")


def test_a_layer_uses_the_snapshots_of_the_one_below() -> None:
    below = small_definitions(profile("P", change("Thing.code", mustSupport=True)))
    above = below.with_resources([value_set()])
    assert above.structure("http://test/P") is below.structure("http://test/P")


def test_a_layer_that_replaces_the_base_makes_the_snapshot_anew() -> None:
    child = profile("Child", base="http://test/Parent")
    below = small_definitions(profile("Parent"), child)
    below.structure("http://test/Child")
    above = below.with_resources([profile("Parent", change("Thing.name", max="1"))])
    assert elements_of(below, "Child")["Thing.name"]["max"] == "*"
    assert elements_of(above, "Child")["Thing.name"]["max"] == "1"


def test_a_layer_that_brings_a_missing_extension_makes_the_snapshot_anew() -> None:
    user = profile("P", change("Thing.extension:e", type=[{"code": "Extension", "profile": ["http://test/E"]}]))
    below = small_definitions(user)
    assert elements_of(below, "P")["Thing.extension:e"]["max"] == "*"
    above = below.with_resources([extension("E", max="1")])
    assert elements_of(above, "P")["Thing.extension:e"]["max"] == "1"


def test_a_layer_that_brings_the_missing_base_is_enough() -> None:
    below = small_definitions(profile("Child", base="http://test/Parent"))
    with pytest.raises(NotFoundError, match=r"http://test/Parent .* http://test/Child asks for it"):
        below.structure("http://test/Child")
    assert below.with_resources([profile("Parent")]).structure("http://test/Child")["snapshot"]


def test_a_structure_is_found_by_the_name_of_its_type() -> None:
    assert small_definitions().structure("Coding")["url"] == f"{BASE}Coding"


def test_types_are_shared_with_the_layer_below_unless_new_ones_come() -> None:
    below = small_definitions()
    new_type = {**below.structure("Coding"), "url": f"{BASE}Colour", "type": "Colour"}
    assert below.with_resources([profile("P")]).types is below.types
    assert below.with_resources([new_type]).types is not below.types
