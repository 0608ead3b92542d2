import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careloom.model.errors import MalformedError
from careloom.rest.body import read_json, read_parameters, read_resource
from careloom.rest.hub import Limits

LIMITS = Limits()


def _refusal(data: bytes) -> str:
    with pytest.raises(MalformedError) as refused:
        read_resource(data, LIMITS)
    return str(refused.value)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"nonsense", "not JSON"),
        (b'{"resourceType": "Patient", "name": [', "not JSON"),
        (b"[]", "a resource is a JSON object"),
        (b'{"id": "1"}', "resourceType"),
        (b'{"resourceType": 7}', "resourceType"),
        (b'{"resourceType": "Patient", "id": "\xff"}', "not JSON"),
        (rb'{"resourceType": "Patient", "id": "\ud800"}', "not JSON"),
        (b'{"resourceType": "Patient", "id": "a\x00b"}', "not JSON"),
        (rb'{"resourceType": "Patient", "id": "a\u0000b"}', "NUL"),
        (b'{"resourceType": "Patient", "id": NaN}', "not JSON"),
    ],
)
def test_what_is_no_resource_is_refused_with_the_reason(data: bytes, told: str) -> None:
    assert told in _refusal(data)


def test_duplicate_keys_are_refused_and_named() -> None:
    assert "gender" in _refusal(b'{"resourceType": "Patient", "gender": "male", "gender" : "female"}')
    assert "given" in _refusal(b'{"resourceType": "Patient", "name": [{"given": ["A"], "given": ["B"]}]}')
    assert "x" in _refusal(rb'{"resourceType": "Patient", "x": 1, "\u0078": 2}')


def test_texts_that_look_like_keys_are_not_taken_for_duplicates() -> None:
    text = '{"resourceType": "Patient", "name": [{"text": "a \\"text\\": b", "family": "\\\\"}], "id": "text\\":"}'
    assert read_resource(text.encode(), LIMITS)["name"][0]["family"] == "\\"


def test_escaped_backslash_before_u0000_is_no_nul() -> None:
    assert read_resource(rb'{"resourceType": "Patient", "id": "\\u0000"}', LIMITS)["id"] == r"\u0000"


@pytest.mark.parametrize("levels", [101, 900, 10_000])
def test_too_many_levels_are_refused(levels: int) -> None:
    data = b'{"resourceType": "Patient", "x": ' + b"[" * levels + b"]" * levels + b"}"
    assert "deep" in _refusal(data)


def test_levels_up_to_the_limit_are_read() -> None:
    data = b'{"resourceType": "Patient", "x": ' + b"[" * 99 + b"]" * 99 + b"}"
    assert read_resource(data, LIMITS)["resourceType"] == "Patient"


_json: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(st.characters(exclude_characters="\0", codec="utf-8"))),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(st.characters(exclude_characters="\0", codec="utf-8")), inner, max_size=4),
    ),
    max_leaves=30,
)


@given(_json, st.booleans())
def test_every_resource_with_distinct_keys_is_read_as_it_is(value: Any, as_ascii: bool) -> None:
    resource = {"resourceType": "Basic", "x": value}
    assert read_resource(json.dumps(resource, ensure_ascii=as_ascii).encode(), LIMITS) == resource


@given(_json)
def test_a_key_twice_is_found_among_any_values(value: Any) -> None:
    written = json.dumps(value)
    assert "twice" in _refusal(f'{{"resourceType": "Basic", "twice": {written}, "twice": {written}}}'.encode())


def test_parameters_are_read_in_order_with_repetitions() -> None:
    assert read_parameters("a=1&b=%C3%A4&a=2&c=", LIMITS) == (("a", "1"), ("b", "ä"), ("a", "2"), ("c", ""))


@pytest.mark.parametrize("text", ["a=%ff", "a=%00", "&".join(["a=1"] * 201)])
def test_parameters_that_cannot_be_meant_are_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        read_parameters(text, LIMITS)


_keys = st.sampled_from(["a", "b", 'c":', "d\\", ":"])
_json_texts = st.recursive(
    st.sampled_from(["1", '"x"', '":"', r'"\":"', "null", '"a\\\\"']),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(st.tuples(_keys, st.sampled_from(["", " ", "\n"]), inner), max_size=3).map(
            lambda pairs: "{" + ",".join(f"{json.dumps(key)}{space}:{value}" for key, space, value in pairs) + "}"
        ),
    ),
    max_leaves=8,
)


@given(_json_texts)
def test_keys_are_refused_as_duplicates_when_a_decoder_meets_one_twice(text: str) -> None:
    twice: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        twice.extend(name for name in names if names.count(name) > 1)

    json.loads(text, object_pairs_hook=look)
    if twice:
        with pytest.raises(MalformedError, match="duplicate keys"):
            read_json(text.encode(), LIMITS)
    else:
        assert read_json(text.encode(), LIMITS) == json.loads(text)
