"""JSON in and out loses nothing."""

import tracemalloc
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careloom.model import ExactDecimal, parse_json, parse_resource, serialize_json
from careloom.model.errors import MalformedError

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("text", ["1.50", "1.0E2", "1e-3", "0.10000000000000000000001", "1e400", "-0.0"])
def test_decimals_keep_their_digits(text: str) -> None:
    assert text == serialize_json(parse_json(text)).decode()


def test_integers_over_64_bits_keep_their_size() -> None:
    assert b'{"value":123456789012345678901234567890}' == serialize_json({"value": 123456789012345678901234567890})


def test_a_computed_decimal_is_written_in_plain_notation() -> None:
    assert b"0.001" == serialize_json(Decimal("1E-3"))


def test_arithmetic_on_an_exact_decimal_gives_a_plain_one() -> None:
    assert Decimal("3.0") == ExactDecimal("1.50") + ExactDecimal("1.50")


@given(json_values)
def test_parse_of_serialize_is_the_same_value(value: object) -> None:
    assert value == parse_json(serialize_json(value))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"a": 1,\n "b": }', "line 2, column 7"),
        (b'{"a": ', "truncated"),
        (b'{"a": "\xff"}', "not JSON"),
        (b"NaN", "not JSON"),
        (b'{"a": 1e99999999999999999999}', "not JSON"),
        (b"[" * 10_000, "nested too deeply"),
    ],
)
def test_what_is_not_json_is_refused_with_its_place(text: bytes, said: str) -> None:
    with pytest.raises(MalformedError, match=said):
        parse_json(text)


@pytest.mark.parametrize(
    ("text", "said"), [("[]", "found an array"), ("{}", "found nothing"), ('{"resourceType": 7}', "found a number")]
)
def test_what_is_not_a_resource_says_what_was_found(text: str, said: str) -> None:
    with pytest.raises(MalformedError, match=said):
        parse_resource(text)


def test_a_byte_order_mark_is_passed_over() -> None:
    assert {"resourceType": "Patient"} == parse_resource(b'\xef\xbb\xbf{"resourceType":"Patient"}')


def test_many_short_texts_take_little_memory() -> None:
    serialize_json(0)  # whatever is made once
    tracemalloc.start()
    try:
        kept = [serialize_json({"code": number}) for number in range(1_000)]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 200 * len(kept)
