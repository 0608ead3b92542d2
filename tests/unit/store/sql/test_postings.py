from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from careloom.search.values import (
    Canonical,
    CompositeValue,
    IndexValue,
    PositionValue,
    QuantityValue,
    ReferenceValue,
    StringValue,
    TextValue,
    TokenValue,
)
from careloom.store.hashing import hasher
from careloom.store.sql.covering import Cover
from careloom.store.sql.keys import ANY_SYSTEM, address_hash, code_hash, shape_text
from careloom.store.sql.postings import Finding, Number

HASH = hasher(bytes(32))
NUMBERS = {"Patient.family": 7, "urn:a": 3, "": 0, "Observation.subject": 8, "mg": 4, "g": 5, "Observation.q": 9}


def number(text: str) -> int:
    return NUMBERS.setdefault(text, 100 + len(NUMBERS))


def found(
    type: str,
    values: Mapping[str, Iterable[IndexValue]],
    covers: Mapping[str, Cover] = MappingProxyType({}),
    numbers: Number = number,
) -> Finding:
    here = Finding(type, HASH, numbers, covers)
    for key, each in values.items():
        for value in each:
            here.keep(key, value)
    return here


def rows(table: str, here: Finding) -> list[Any]:
    return list(here.rows.get(table, ()))


def test_a_token_is_found_by_its_code_with_the_system_beside_it() -> None:
    values = found("Patient", {"identifier": (TokenValue("urn:a", "7"),)})
    assert rows("tok", values) == [(code_hash(HASH, "Patient", "identifier", "7"), 3)]


def test_a_token_of_unknown_system_fits_any() -> None:
    values = found("Patient", {"language": (TokenValue(None, "en"),)})
    assert {system for _, system in rows("tok", values)} == {ANY_SYSTEM}


def test_id_and_last_updated_need_no_rows() -> None:
    values = found("Patient", {"_id": (TokenValue("", "1"),)})
    assert rows("tok", values) == []


def test_what_others_cover_needs_no_rows() -> None:
    code = (TokenValue("urn:a", "7"),)
    cover = {"combo-code": Cover(("code", "component-code"))}
    assert len(rows("tok", found("Observation", {"code": code, "combo-code": code}, cover))) == 1


def test_a_narrowed_reference_keeps_what_is_not_held_here() -> None:
    targets = (ReferenceValue("Patient/1", "Patient", "1"), ReferenceValue("urn:uuid:1"))
    values = found("Observation", {"patient": targets}, {"patient": Cover(("subject",), "Patient")})
    [(target, _)] = rows("ref", values)
    assert target == address_hash(HASH, "urn:uuid:1")


def test_one_code_under_two_parameters_or_types_is_kept_apart() -> None:
    assert len({code_hash(HASH, type, p, "a") for type in ("Patient", "Group") for p in ("code", "type")}) == 4


def test_parts_of_a_text_are_marked() -> None:
    texts = (StringValue("smith jones", "Smith-Jones"), StringValue("jones", ""))
    kept = rows("str", found("Patient", {"family": texts}))
    assert [(p, folded, exact == 0) for p, folded, exact in kept] == [(7, "smith jones", False), (7, "jones", True)]


def test_displays_are_found_by_their_words() -> None:
    displays = (StringValue("heart rate", "Heart rate"), StringValue("rate", "Rate"))
    values = found("Observation", {"code:text": displays, "_content": (TextValue("heart beats"),)})
    assert rows("str", values) == []
    assert set(values.words) == {"heart", "beats", "rate"}


def test_a_target_is_found_by_the_hash_that_its_resource_has() -> None:
    values = found("Observation", {"subject": (ReferenceValue("Patient/1", "Patient", "1"),)})
    assert rows("ref", values) == [(address_hash(HASH, "Patient/1"), 8)]


def test_the_same_target_twice_is_one_row() -> None:
    targets = (ReferenceValue("Patient/1", "Patient", "1"), ReferenceValue("Patient/1"))
    assert len(rows("ref", found("Observation", {"subject": targets}))) == 1


def test_a_quantity_is_kept_as_it_stands_and_in_base_units() -> None:
    value = QuantityValue(5, 5, "urn:a", "mg", "mg", Canonical(0.005, 0.005, "g"))
    kept = rows("num", found("Observation", {"q": (value,)}))
    assert kept == [(9, 5, 5, 3, 4, 4), (number("Observation.q~"), 0.005, 0.005, 0, 0, 5)]


def test_a_composite_is_one_row_for_each_combination() -> None:
    codes = (TokenValue("urn:a", "x"), TokenValue("urn:a", "y"))
    value = CompositeValue((codes, (QuantityValue(1, 2),)))
    kept = rows("pair", found("Observation", {"code-value-quantity": (value,)}))
    assert len({h for h, _, _ in kept}) == 2
    assert {(low, high) for _, low, high in kept} == {(1, 2)}


def test_places_near_each_other_are_in_one_square() -> None:
    near = (PositionValue(53.801, -1.549), PositionValue(53.805, -1.545))
    far = (PositionValue(-33.9, 151.2),)
    squares = {cell for cell, _, _ in rows("geo", found("Location", {"near": near}))}
    assert len(squares) == 1
    assert squares.isdisjoint(cell for cell, _, _ in rows("geo", found("Location", {"near": far})))


def test_a_shape_tells_type_parameters_and_systems() -> None:
    numbers = {"Patient": 1, "Patient.name": 12, "Patient.identifier": 3, "urn:a": 5}
    tokens = {"identifier": (TokenValue("urn:a", "7"), TokenValue("urn:a", "8"), TokenValue(None, "9"))}
    values = found("Patient", tokens, numbers=numbers.__getitem__)
    values.present.update(("name", "identifier"))
    assert values.atoms() == {"t1", "12", "3", "3:5", "3:-1"}
    assert shape_text(frozenset({"t1", "12"})) == ",12,t1,"
