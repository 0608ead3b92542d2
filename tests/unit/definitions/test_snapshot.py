import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.definitions.small_core import (
    BASE,
    change,
    core,
    elements_of,
    extension,
    profile,
    slicing,
    small_definitions,
    type_definition,
)

from careloom.model import Resource
from careloom.model.errors import CareloomError, DefinitionError, NotFoundError

CODING = "Thing.code.coding"


def made(*differential: dict[str, Any], more: tuple[Resource, ...] = (), **said: Any) -> dict[str, dict[str, Any]]:
    """The snapshot of a profile with that differential, by element id."""
    return elements_of(small_definitions(profile("P", *differential, **said), *more), "P")


def names(value: Any) -> list[str]:
    return [item["code"] for item in value.get("type", [])]


def test_an_empty_differential_gives_the_base_again() -> None:
    base = small_definitions().structure("Thing")["snapshot"]["element"]
    assert list(made()) == [element["id"] for element in base]


def test_every_element_has_its_base() -> None:
    found = made(change("Thing.code.text", min=1), change("Thing.name", max="1"))
    assert found["Thing.name"]["base"] == {"path": "Thing.name", "min": 0, "max": "*"}
    assert found["Thing.code.text"]["base"] == {"path": "CodeableConcept.text", "min": 0, "max": "1"}


def test_an_invariant_tells_where_it_comes_from() -> None:
    found = made(change("Thing.code", constraint=[{"key": "own-1", "severity": "error"}]))
    assert found["Thing.code"]["constraint"] == [{"key": "own-1", "severity": "error", "source": "http://test/P"}]
    assert found["Thing"]["constraint"][0]["source"] == f"{BASE}Element"


def test_stepping_into_a_type_unfolds_it() -> None:
    found = made(change(f"{CODING}.code", min=1))
    below = [id for id in found if id.startswith("Thing.code")]
    assert below == [
        "Thing.code",
        "Thing.code.id",
        "Thing.code.extension",
        CODING,
        f"{CODING}.id",
        f"{CODING}.extension",
        f"{CODING}.system",
        f"{CODING}.code",
        "Thing.code.text",
    ]


def test_stepping_into_a_profiled_type_unfolds_the_profile() -> None:
    loinc = profile("Loinc", change("Coding.system", fixedUri="http://loinc.org"), type="Coding")
    typed = change(CODING, type=[{"code": "Coding", "profile": ["http://test/Loinc"]}])
    found = made(typed, change(f"{CODING}.code", min=1), more=(loinc,))
    assert found[f"{CODING}.system"]["fixedUri"] == "http://loinc.org"


def test_stepping_into_a_content_reference_repeats_what_it_points_at() -> None:
    found = made(change("Thing.part.part.code", mustSupport=True))
    assert found["Thing.part.part.code"]["mustSupport"] is True
    assert found["Thing.part.part.part"]["contentReference"] == "#Thing.part"
    assert "contentReference" not in found["Thing.part.part"]
    assert names(found["Thing.part.part"]) == ["BackboneElement"]


def test_a_slice_begins_with_what_is_said_of_the_element_but_optional() -> None:
    found = made(
        change("Thing.part", min=1, mustSupport=True, slicing=slicing("code")),
        change("Thing.part.code.text", min=1),
        change("Thing.part:a", max="1"),
    )
    assert found["Thing.part:a"]["mustSupport"] is True
    assert (found["Thing.part:a"]["min"], found["Thing.part:a"]["max"]) == (0, "1")
    assert found["Thing.part:a.code.text"]["min"] == 1
    assert "slicing" not in found["Thing.part:a"]


def test_slices_of_the_element_are_inherited_by_each_slice_of_its_parent() -> None:
    found = made(
        change("Thing.part", slicing=slicing("code.text")),
        change("Thing.part.code.coding", slicing=slicing("system")),
        change("Thing.part.code.coding:sct", min=1),
        change("Thing.part.code.coding:sct.system", fixedUri="http://snomed.info/sct"),
        change("Thing.part:a"),
        change("Thing.part:a.code.coding", slicing=slicing("system")),
        change("Thing.part:a.code.coding:sct.code", fixedCode="1"),
        change("Thing.part:b"),
    )
    assert found["Thing.part:a.code.coding:sct.system"]["fixedUri"] == "http://snomed.info/sct"
    assert found["Thing.part:a.code.coding:sct.code"]["fixedCode"] == "1"
    assert "fixedCode" not in found["Thing.part:b.code.coding:sct.code"]
    assert found["Thing.part:b.code.coding:sct"]["min"] == 1


def test_a_slice_of_the_base_is_narrowed_further() -> None:
    parent = profile("Parent", change("Thing.part", slicing=slicing("code")), change("Thing.part:a", max="2"))
    found = made(change("Thing.part:a", max="1"), more=(parent,), base="http://test/Parent")
    assert [id for id in found if id.endswith(":a")] == ["Thing.part:a"]
    assert found["Thing.part:a"]["max"] == "1"


def test_a_slice_is_sliced_again() -> None:
    found = made(
        change("Thing.name", slicing=slicing("$this")),
        change("Thing.name:a", slicing=slicing("length()")),
        change("Thing.name:a/short", max="1"),
        change("Thing.name:b"),
    )
    assert [id for id in found if id.startswith("Thing.name")] == [
        "Thing.name",
        "Thing.name:a",
        "Thing.name:a/short",
        "Thing.name:b",
    ]


def test_a_slice_of_the_base_is_sliced_again() -> None:
    parent = profile("Parent", change("Thing.name", slicing=slicing("$this")), change("Thing.name:a", max="3"))
    found = made(change("Thing.name:a/short", mustSupport=True), more=(parent,), base="http://test/Parent")
    assert [id for id in found if ":" in id] == ["Thing.name:a", "Thing.name:a/short"]
    assert found["Thing.name:a/short"]["max"] == "3"


def test_extensions_are_sliced_by_url_without_saying() -> None:
    found = made(change("Thing.extension:e", type=[{"code": "Extension", "profile": ["http://test/E"]}]))
    assert found["Thing.extension"]["slicing"] == {
        "discriminator": [{"type": "value", "path": "url"}],
        "ordered": False,
        "rules": "open",
    }


def test_an_extension_deep_down_is_sliced_by_url_too() -> None:
    found = made(change("Thing.part.code.coding.extension:e", max="1"))
    assert found["Thing.part.code.coding.extension:e"]["max"] == "1"


def test_an_extension_lends_its_words_and_how_often_it_may_occur() -> None:
    e = extension("E", short="An E", max="1")
    found = made(change("Thing.extension:e", type=[{"code": "Extension", "profile": ["http://test/E"]}]), more=(e,))
    assert (found["Thing.extension:e"]["short"], found["Thing.extension:e"]["max"]) == ("An E", "1")


def test_stepping_into_an_extension_unfolds_its_definition() -> None:
    e = extension("E", change("Extension.value[x]", type=[{"code": "Coding"}]))
    typed = change("Thing.extension:e", type=[{"code": "Extension", "profile": ["http://test/E"]}])
    found = made(typed, change("Thing.extension:e.value[x].system", min=1), more=(e,))
    assert found["Thing.extension:e.url"]["fixedUri"] == "http://test/E"
    assert names(found["Thing.extension:e.value[x]"]) == ["Coding"]


def test_an_extension_that_nobody_defines_is_told_and_kept() -> None:
    user = profile("P", change("Thing.extension:e", type=[{"code": "Extension", "profile": ["http://nowhere/E"]}]))
    snapshot = small_definitions(user).snapshot("http://test/P")
    (issue,) = snapshot.issues
    assert issue.diagnostics.startswith("Thing.extension:e: http://nowhere/E is not in the loaded definitions")
    assert "http://nowhere/E" in snapshot.made_of


def test_a_type_slice_is_of_the_type_its_name_says() -> None:
    found = made(change("Thing.value[x]:valueQuantity.unit", min=1))
    assert found["Thing.value[x]"]["slicing"]["discriminator"] == [{"type": "type", "path": "$this"}]
    assert names(found["Thing.value[x]"]) == ["Quantity", "string", "Coding"]
    assert names(found["Thing.value[x]:valueQuantity"]) == ["Quantity"]
    assert found["Thing.value[x]:valueQuantity.unit"]["min"] == 1


def test_the_shorthand_for_a_choice_leaves_it_no_other_type() -> None:
    found = made(change("Thing.valueQuantity.unit", min=1))
    assert found["Thing.value[x]"]["slicing"]["rules"] == "closed"
    assert names(found["Thing.value[x]"]) == ["Quantity"]
    assert found["Thing.value[x]:valueQuantity.unit"]["min"] == 1


def test_two_shorthands_leave_two_types() -> None:
    found = made(change("Thing.valueQuantity", mustSupport=True), change("Thing.valueCoding.system", min=1))
    assert names(found["Thing.value[x]"]) == ["Quantity", "Coding"]
    assert [id for id in found if ":" in id and "." not in id.partition(":")[2]] == [
        "Thing.value[x]:valueQuantity",
        "Thing.value[x]:valueCoding",
    ]


def test_a_shorthand_that_forbids_a_type_leaves_the_others() -> None:
    found = made(change("Thing.valueQuantity", max="0"))
    assert names(found["Thing.value[x]"]) == ["Quantity", "string", "Coding"]
    assert found["Thing.value[x]:valueQuantity"]["max"] == "0"


def test_a_narrowed_choice_is_stepped_into_directly() -> None:
    found = made(change("Thing.value[x]", type=[{"code": "Coding"}]), change("Thing.value[x].system", min=1))
    assert found["Thing.value[x].system"]["min"] == 1


def test_every_type_has_extensions_so_a_choice_can_be_stepped_into_for_one() -> None:
    found = made(change("Thing.value[x].extension:e", max="1"))
    assert found["Thing.value[x].extension:e"]["max"] == "1"


def test_the_slice_name_counts_where_the_id_says_another() -> None:
    odd = {**change("Thing.name:One", max="1"), "sliceName": "one"}
    snapshot = small_definitions(profile("P", change("Thing.name", slicing=slicing("$this")), odd)).snapshot(
        "http://test/P"
    )
    assert "Thing.name:one" in [element["id"] for element in snapshot.structure["snapshot"]["element"]]
    assert [issue.diagnostics for issue in snapshot.issues] == [
        "Thing.name:One: the id names the slice One, sliceName says one"
    ]


def test_a_slice_may_contradict_the_element_in_the_same_differential() -> None:
    found = made(change("Thing.part", max="0"), change("Thing.part:a", min=1, max="1"))
    assert (found["Thing.part"]["max"], found["Thing.part:a"]["max"]) == ("0", "1")


def test_a_specialization_adds_its_elements_after_those_of_its_base() -> None:
    colour = type_definition("Colour", "Element")
    del colour["snapshot"]
    colour["differential"] = {
        "element": [change("Colour"), change("Colour.name", min=0, max="1", type=[{"code": "string"}])]
    }
    elements = small_definitions(colour).structure("Colour")["snapshot"]["element"]
    assert [element["id"] for element in elements] == ["Colour", "Colour.id", "Colour.extension", "Colour.name"]


def test_a_snapshot_that_came_with_the_definition_is_taken_and_given_ids() -> None:
    coding = copy.deepcopy(next(definition for definition in core() if definition["type"] == "Coding"))
    for element in coding["snapshot"]["element"]:
        del element["id"]
    ids = [element["id"] for element in small_definitions(coding).structure("Coding")["snapshot"]["element"]]
    assert ids == ["Coding", "Coding.id", "Coding.extension", "Coding.system", "Coding.code"]


def test_the_definition_itself_is_not_changed() -> None:
    given = profile("P", change("Thing.valueQuantity.unit", min=1), change("Thing.part:a.code", max="1"))
    before = copy.deepcopy(given)
    small_definitions(given).structure("http://test/P")
    assert given == before


@pytest.mark.parametrize(
    ("differential", "element", "message"),
    [
        (change("Thing.nope", min=1), "Thing.nope", "no such element"),
        (change("Thing.code.nope", min=1), "Thing.code.nope", "no such element"),
        (change("Thing.code", min=0), "Thing.code", "at least 1 expected"),
        (change("Thing.value[x].unit", min=1), "Thing.value[x]", "one type expected, found Quantity, string, Coding"),
        (change("Thing.name", max="many"), "Thing.name", "max: a number or *"),
        (change("Other.name", max="1"), "Other.name", "Thing expected at its beginning"),
        (change("Thing.part.part:a.code", min=0), "Thing.part.part:a.code", "at least 1 expected"),
    ],
)
def test_what_is_wrong_is_told_with_url_and_element(differential: dict[str, Any], element: str, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        made(differential)
    assert (caught.value.url, caught.value.element) == ("http://test/P", element)
    assert message in str(caught.value)


def test_a_slicing_that_the_base_closes_takes_no_slice() -> None:
    parent = profile("Parent", change("Thing.part", slicing=slicing("code", rules="closed")), change("Thing.part:a"))
    with pytest.raises(DefinitionError, match="closes the slicing"):
        made(change("Thing.part:b"), more=(parent,), base="http://test/Parent")


def test_a_definition_that_builds_on_itself_is_refused() -> None:
    with pytest.raises(DefinitionError, match="builds on this definition itself"):
        made(base="http://test/P")


def test_definitions_that_build_on_each_other_are_refused() -> None:
    other = profile("Other", base="http://test/P")
    with pytest.raises(DefinitionError, match="builds on this definition itself"):
        made(more=(other,), base="http://test/Other")


def test_an_extension_may_hold_itself() -> None:
    e = extension("E", change("Extension.extension:again", type=[{"code": "Extension", "profile": ["http://test/E"]}]))
    assert "Extension.extension:again" in elements_of(small_definitions(e), "E")


def test_a_constraint_is_of_the_type_of_its_base() -> None:
    with pytest.raises(DefinitionError, match="type: Thing expected"):
        made(type="Coding", base=f"{BASE}Thing")


def test_a_missing_base_is_told_with_who_asks() -> None:
    with pytest.raises(NotFoundError, match=r"http://nowhere .* http://test/P asks for it"):
        made(base="http://nowhere")


def test_neither_snapshot_nor_differential_is_refused() -> None:
    bare = {key: value for key, value in profile("P").items() if key != "differential"}
    with pytest.raises(DefinitionError, match="neither snapshot nor differential"):
        small_definitions(bare).structure("http://test/P")


SMALL = small_definitions()
KEYS = st.sampled_from(["code", "key", "path"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["Thing.code", "*", "0", "a:b"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=4,
)
RICH = profile(
    "P",
    change("Thing.part", slicing=slicing("code"), min=1),
    change("Thing.part:a.code.coding", type=[{"code": "Coding", "profile": ["http://nowhere"]}]),
    change("Thing.valueQuantity.unit", min=1, constraint=[{"key": "k"}], mapping=[{"identity": "i", "map": "m"}]),
    change("Thing.friend", type=[{"code": "Reference", "targetProfile": [f"{BASE}Thing"]}], alias=["x"]),
    change("Thing.code", binding={"strength": "required", "valueSet": "http://vs"}, example=[{"label": "l"}]),
)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_no_definition_however_broken_makes_the_generator_fall_over(data: st.DataObject) -> None:
    broken = copy.deepcopy(RICH)
    places = list(_places(broken))
    holder, key = places[data.draw(st.integers(0, len(places) - 1))]
    holder[key] = data.draw(JSON)
    try:
        snapshot = SMALL.snapshot_of(broken)
    except CareloomError:
        return
    assert snapshot.structure["snapshot"]["element"]


def _places(value: Any) -> Any:
    """Every place in a value where something could be put instead: its holder and key."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if key not in ("url", "resourceType"):
            yield value, key
            yield from _places(item)
