"""Places found quickly are those that the patient reader finds."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from careloom.model import parse_json
from careloom.model.json_places import JsonPlaces
from careloom.model.json_source import has_duplicate_keys, read_source

KEYS = st.sampled_from(["a", "_a", "b", "valueString", 'q"uote', "é", "x:y", "c d"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False).map(float)
    # What looks like the end of a key, or like white space before a colon, inside a text.
    | st.sampled_from(["", 'x": 1', " : ", "\\", '"', "é\n", "\u2028"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
LAYOUTS: Any = st.sampled_from([{}, {"indent": 1}, {"separators": (",", ":")}, {"separators": (" ,\t", "\r\n: ")}])


def expressions(value: Any, at: str) -> list[str]:
    found = [at]
    if isinstance(value, dict):
        for key, item in value.items():
            found += expressions(item, f"{at}.{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            found += expressions(item, f"{at}[{number}]")
    return found


@given(st.dictionaries(KEYS, VALUES, max_size=4), LAYOUTS)
def test_every_place_is_that_of_the_patient_reader(value: Any, layout: Any) -> None:
    data = json.dumps(value, ensure_ascii=False, **layout).encode()
    parsed = parse_json(data)
    quick, patient = JsonPlaces(data, parsed), read_source(data)
    for expression in [*expressions(value, "R"), "R.value", "R.a.extension", "R.nothing"]:
        assert quick.locate(expression) == patient.locate(expression)


@given(st.dictionaries(KEYS, VALUES, max_size=4), LAYOUTS)
def test_what_has_each_key_once_has_none_twice(value: Any, layout: Any) -> None:
    data = json.dumps(value, ensure_ascii=False, **layout).encode()
    assert not has_duplicate_keys(data, parse_json(data))


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4), LAYOUTS)
def test_what_has_a_key_twice_is_found_out(value: Any, layout: Any) -> None:
    text = json.dumps({"o": value}, ensure_ascii=False, **layout)
    again = json.dumps(next(iter(value)), ensure_ascii=False) + ":0,"
    where = text.index("{", 1) + 1
    data = (text[:where] + again + text[where:]).encode()
    assert has_duplicate_keys(data, parse_json(data))


def test_a_byte_order_mark_is_no_column() -> None:
    data = b'\xef\xbb\xbf{"a": 1}'
    assert JsonPlaces(data, parse_json(data)).locate("R.a") == (1, 7)
