"""Places found quickly are those that the patient reader finds."""

import json
import re
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careloom.model import json_places, parse_json
from careloom.model.json import FEW
from careloom.model.json_keys import has_duplicate_keys
from careloom.model.json_places import JsonPlaces
from careloom.model.json_source import read_source

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


ESCAPES = st.sampled_from(
    [None, ('"', "\\u0022"), (":", "\\u003a"), (":", "\\u003A"), ("a", "\\u0061"), ("é", "\\u00e9")]
)


@pytest.fixture(autouse=True)
def _writer_is_loaded() -> None:
    """Enough is read for the fast writer to be used, as in any run of more than a few resources."""
    for _ in range(FEW + 1):
        parse_json(b"{}")


def written(value: Any, layout: Any, escape: tuple[str, str] | None = None) -> bytes:
    """The text of a value; a character within texts may be written as an escape, as other programs do."""
    text = json.dumps(value, ensure_ascii=False, **layout)
    if escape is None:
        return text.encode()
    units = {escape[0]: escape[1], f"\\{escape[0]}": escape[1]}
    inner = re.compile(r"\\.|[^\\]")

    def escaped(found: re.Match[str]) -> str:
        return f'"{inner.sub(lambda unit: units.get(unit[0], unit[0]), found[0][1:-1])}"'

    return re.sub(r'"(?:[^"\\]|\\.)*"', escaped, text).encode()


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4), LAYOUTS, ESCAPES, st.booleans())
def test_every_place_is_that_of_the_patient_reader(value: Any, layout: Any, escape: Any, has_mark: bool) -> None:
    data = b"\xef\xbb\xbf" * has_mark + written(value, layout, escape)
    parsed = parse_json(data)
    quick, patient = JsonPlaces(data, parsed), read_source(data)
    for expression in [*expressions(value, "R"), "R.value", "R.a.extension", "R.nothing"]:
        assert quick.locate(expression) == patient.locate(expression)


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4), LAYOUTS, ESCAPES)
def test_large_texts_are_gone_through_item_by_item_to_the_same_places(value: Any, layout: Any, escape: Any) -> None:
    data = written(value, layout, escape)
    with patch.object(json_places, "LARGE", 0), patch.object(json_places, "LONG", 1):
        quick, patient = JsonPlaces(data, parse_json(data)), read_source(data)
        for expression in expressions(value, "R"):
            assert quick.locate(expression) == patient.locate(expression)


@pytest.mark.parametrize("layout", [{}, {"indent": 1}, {"separators": (",", ":")}], ids=["spaced", "pretty", "compact"])
def test_the_last_entries_of_a_large_bundle_are_where_they_are(layout: Any) -> None:
    entries = [{"fullUrl": f"urn:x:{number}", "resource": {"name": ["é", "b"], "on": 1.50}} for number in range(2_000)]
    data = json.dumps({"resourceType": "Bundle", "entry": entries}, ensure_ascii=False, **layout).encode()
    quick, patient = JsonPlaces(data, parse_json(data)), read_source(data)
    for expression in ("entry[1999].resource.name[1]", "entry[7]", "entry[1234].resource.on", "entry"):
        assert quick.locate(f"Bundle.{expression}") == patient.locate(f"Bundle.{expression}")


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4), LAYOUTS, ESCAPES)
def test_keys_given_twice_are_found_out_however_they_are_written(value: Any, layout: Any, escape: Any) -> None:
    text = written({"o": value}, layout, escape).decode()
    again = json.dumps(next(iter(value)), ensure_ascii=False) + ":0,"
    where = text.index("{", 1) + 1
    data = (text[:where] + again + text[where:]).encode()
    assert has_duplicate_keys(data, parse_json(data))
    assert not has_duplicate_keys(text.encode(), parse_json(text))


def test_what_the_fast_writer_cannot_write_is_placed_all_the_same() -> None:
    deep = '{"a":' * 300 + "1" + "}" * 300
    data = ('{"n":' + "9" * 400 + ',"deep":' + deep + ',"last":[0,1]}').encode()
    places = JsonPlaces(data, parse_json(data))
    assert places.locate("R.last[1]") == (1, len(data) - 2)


def test_lines_may_be_counted_from_another_than_the_first() -> None:
    data = b'{\n "a": 1}'
    assert JsonPlaces(data, parse_json(data), 41).locate("R.a") == (42, 7)


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4), LAYOUTS)
def test_what_has_each_key_once_has_none_twice(value: Any, layout: Any) -> None:
    data = json.dumps(value, ensure_ascii=False, **layout).encode()
    assert not has_duplicate_keys(data, parse_json(data))


@settings(deadline=None)
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
