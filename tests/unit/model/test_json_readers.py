"""The reader for the first few small texts and the fast one read alike, or the first leaves it to the other."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from careloom.model import ExactDecimal
from careloom.model.errors import MalformedError
from careloom.model.json import _CANNOT, _fast_decoder, _plainly

NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
SCALARS = st.sampled_from(["null", "true", "false", "NaN", "-Infinity", "01", "+1", ".5", "1.", "nul", "'a'", ""])
TEXTS = st.text(max_size=4).map(json.dumps) | st.text(max_size=4).map(lambda text: json.dumps(text, ensure_ascii=False))
JSON = st.recursive(
    NUMBERS | SCALARS | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(TEXTS, inner), max_size=3).map(
            lambda items: "{" + ",".join(f"{key} : {value}" for key, value in items) + "}"
        )
    ),
    max_leaves=8,
)
_fast = _fast_decoder()


def exactly(value: Any) -> Any:
    """A value with its types and the texts of its decimals, which comparison passes over."""
    if isinstance(value, dict):
        return {key: exactly(item) for key, item in value.items()}
    if isinstance(value, list):
        return [exactly(item) for item in value]
    return type(value), value.text if isinstance(value, ExactDecimal) else value


@given(JSON)
@example("1E400")
@example("-0")
@example("[1,]")
@example('{"a": 1, "a": 2}')
@example('"\\ud800"')
@example("9" * 5000)
@example("[" * 100_000)
@example('"a\nb"')
def test_the_two_readers_read_alike(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    plainly = _plainly(data)
    if plainly is not _CANNOT:
        assert exactly(plainly) == exactly(_fast(data))


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '"\\u0041"', "{", "", "1E400000000000000000000"])
def test_what_may_be_read_differently_is_left_to_the_strict_one(text: str) -> None:
    assert _plainly(text.encode()) is _CANNOT


def test_bytes_that_are_no_utf_8_are_left_to_the_strict_one() -> None:
    assert _plainly(b'"\xff"') is _CANNOT
    with pytest.raises(MalformedError):
        _fast(b'"\xff"')
