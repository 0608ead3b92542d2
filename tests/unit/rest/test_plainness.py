import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careloom.model.errors import MalformedError
from careloom.model.json import parse_json
from careloom.rest import plainness
from careloom.rest.plainness import require_plain

LEVELS = 100


def _refusal(data: bytes, levels: int = LEVELS) -> str:
    try:
        require_plain(parse_json(data), data, levels)
    except MalformedError as error:
        return str(error)
    return ""


def _nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize(
    "data",
    [
        rb'{"x": "\u003a", "y": 1, "y": 2}',  # a colon that the value has, and the text only by an escape
        b'{"y" : ":", "y": 2}',
        b'{"entry": [{"a": 1, "a": 2}]}' + b" " * 200,
        b'{"entry": [{"a": 1}], "entry": [{"a": 1}]}' + b" " * 300,
        b'{"n": 123456789012345678901234567890, "y": 1, "y": 2}',
    ],
)
def test_duplicate_keys_are_found_however_they_are_written(data: bytes) -> None:
    assert "duplicate keys" in _refusal(data)


@pytest.mark.parametrize(
    "data",
    [
        rb'{"x": "\u003a \u003A"}',
        b'{"a:b" : "c:d", "e"\n:[1.50, 2E+3, 123456789012345678901234567890]}',
        b'{"entry": [1, "a:b", null, [], {"a": [{}, {}]}], "a:": 1}' + b" " * 600,
        b'[":", {"a": 1}]',
        b'"a:b"',
    ],
)
def test_what_has_no_duplicate_keys_passes(data: bytes) -> None:
    assert _refusal(data) == ""


def test_a_key_written_a_hundred_thousand_times_is_refused_at_once() -> None:
    started = time.process_time()
    assert _refusal(b"{" + b'"a":1,' * 100_000 + b'"b":1}') == "duplicate keys in one object: a"
    assert time.process_time() - started < 1


@pytest.mark.parametrize("padding", [0, 1000])
def test_levels_of_an_entry_count_from_the_bundle(padding: int) -> None:
    def bundle(levels: int) -> bytes:
        return b'{"entry": [' + _nested(levels) + b", 1]}" + b" " * padding

    assert _refusal(bundle(98)) == ""
    assert "nested 101 levels deep" in _refusal(bundle(99))


def test_many_shallow_brackets_are_not_deep() -> None:
    data = b'{"entry": [[' + b"[],{}," * 200 + b"[[]]]]}"
    assert _refusal(data, 5) == ""
    assert "nested 5 levels deep" in _refusal(data, 4)


def test_nearly_all_there_is_passes_by_counting_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {"resource": {"resourceType": "Patient", "name": [{"text": 'a: "b"'}]}, "request": {"url": "Patient"}}
    data = json.dumps({"resourceType": "Bundle", "entry": [entry] * 50}, indent=2).encode()
    monkeypatch.setattr(plainness, "_levels", None)
    assert _refusal(data) == ""


_texts = st.text(st.sampled_from('ab:"\\{['), max_size=3)
_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.integers(), _texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.lists(st.tuples(_texts, inner), max_size=3).map(tuple)),
    max_leaves=20,
)


@given(_values, st.booleans(), st.sampled_from([":", " :", "\n: "]))
def test_texts_are_refused_just_where_an_object_has_a_key_twice(value: Any, escaped: bool, colon: str) -> None:
    def written(node: Any) -> str:
        if isinstance(node, tuple):
            return "{" + ",".join(f"{text(key)}{colon}{written(child)}" for key, child in node) + "}"
        if isinstance(node, list):
            return "[" + ",".join(map(written, node)) + "]"
        return text(node)

    def text(node: Any) -> str:
        if escaped and isinstance(node, str):
            return '"' + "".join(f"\\u{ord(character):04x}" for character in node) + '"'
        return json.dumps(node)

    def is_doubled(node: Any) -> bool:
        if isinstance(node, tuple):
            return len(dict(node)) < len(node) or any(is_doubled(child) for _, child in node)
        return isinstance(node, list) and any(map(is_doubled, node))

    refusal = _refusal(f'{{"entry": {written(value)}}}'.encode())
    assert ("duplicate keys" in refusal) == is_doubled(value)
