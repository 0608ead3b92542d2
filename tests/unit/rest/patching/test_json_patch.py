from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careloom.model.errors import InvalidError, MalformedError, TooCostlyError
from careloom.model.json import parse_json
from careloom.rest.patching import apply_json_patch, apply_merge_patch


@pytest.mark.parametrize(
    ("document", "operations", "expected"),
    [
        ({"a": 1}, [{"op": "add", "path": "/b", "value": [2]}], {"a": 1, "b": [2]}),
        ({"a": 1}, [{"op": "add", "path": "/a", "value": 2}], {"a": 2}),
        ({"a": [1, 3]}, [{"op": "add", "path": "/a/1", "value": 2}], {"a": [1, 2, 3]}),
        ({"a": [1]}, [{"op": "add", "path": "/a/1", "value": 2}], {"a": [1, 2]}),
        ({"a": [1]}, [{"op": "add", "path": "/a/-", "value": 2}], {"a": [1, 2]}),
        ({"a": 1}, [{"op": "add", "path": "", "value": {"b": 2}}], {"b": 2}),
        ({"a": 1}, [{"op": "add", "path": "/b", "value": None}], {"a": 1, "b": None}),
        ({"a": 1, "b": 2}, [{"op": "remove", "path": "/a"}], {"b": 2}),
        ({"a": [1, 2]}, [{"op": "remove", "path": "/a/0"}], {"a": [2]}),
        ({"a": [1, 2]}, [{"op": "replace", "path": "/a/1", "value": 3}], {"a": [1, 3]}),
        ({"a": 1}, [{"op": "replace", "path": "", "value": {"b": 2}}], {"b": 2}),
        ({"a": {"x": 1}, "b": {}}, [{"op": "move", "from": "/a/x", "path": "/b/y"}], {"a": {}, "b": {"y": 1}}),
        ({"a": [1, 2, 3]}, [{"op": "move", "from": "/a/0", "path": "/a/2"}], {"a": [2, 3, 1]}),
        ({"a": 1}, [{"op": "move", "from": "/a", "path": "/a"}], {"a": 1}),
        ({"a": [1]}, [{"op": "copy", "from": "/a", "path": "/b"}], {"a": [1], "b": [1]}),
        ({"a/b": 1, "m~n": 2}, [{"op": "remove", "path": "/a~1b"}, {"op": "remove", "path": "/m~0n"}], {}),
        ({"~1": 1}, [{"op": "test", "path": "/~01", "value": 1}], {"~1": 1}),
        ({"": 1}, [{"op": "replace", "path": "/", "value": 2}], {"": 2}),
        (
            {"a": {"b": [1, {"c": 1}]}},
            [{"op": "test", "path": "/a", "value": {"b": [1, {"c": 1}]}}],
            {"a": {"b": [1, {"c": 1}]}},
        ),
        ({"a": 1}, [], {"a": 1}),
    ],
)
def test_operations_change_the_document(document: Any, operations: Any, expected: Any) -> None:
    before = deepcopy(document)
    assert apply_json_patch(document, operations) == expected
    assert document == before


@pytest.mark.parametrize(
    ("document", "operation", "told"),
    [
        ({}, {"op": "remove", "path": "/a"}, "nothing at /a"),
        ({}, {"op": "replace", "path": "/a", "value": 1}, "nothing at /a"),
        ({}, {"op": "add", "path": "/a/b", "value": 1}, "nothing at /a"),
        ({"a": 1}, {"op": "add", "path": "/a/b", "value": 1}, "neither object nor array"),
        ({"a": [1]}, {"op": "add", "path": "/a/2", "value": 1}, "has 1 items"),
        ({"a": [1]}, {"op": "remove", "path": "/a/1"}, "has 1 items"),
        ({"a": [1]}, {"op": "remove", "path": "/a/-"}, "has 1 items"),
        ({"a": [1]}, {"op": "remove", "path": "/a/01"}, "an index into an array expected"),
        ({"a": [1]}, {"op": "remove", "path": "/a/-1"}, "an index into an array expected"),
        ({"a": {"b": 1}}, {"op": "move", "from": "/a", "path": "/a/b"}, "moved into itself"),
        ({"a": 1}, {"op": "remove", "path": ""}, "whole resource"),
        ({"a": 1}, {"op": "test", "path": "/a", "value": 2}, "test failed: /a"),
        ({"a": 1}, {"op": "test", "path": "/a", "value": True}, "test failed"),
        ({"a": "1"}, {"op": "test", "path": "/a", "value": 1}, "test failed"),
        ({"a": None}, {"op": "test", "path": "/b", "value": None}, "nothing at /b"),
    ],
)
def test_what_cannot_be_done_is_told_with_its_place(document: Any, operation: Any, told: str) -> None:
    with pytest.raises(InvalidError, match="operation 0") as refused:
        apply_json_patch(document, [operation])
    assert told in str(refused.value)


def test_failed_test_does_not_tell_what_is_there() -> None:
    with pytest.raises(InvalidError) as refused:
        apply_json_patch({"family": "Ashe"}, [{"op": "test", "path": "/family", "value": "x"}])
    assert "Ashe" not in str(refused.value)


@pytest.mark.parametrize(
    "patch",
    [
        {},
        "x",
        ["x"],
        [{}],
        [{"op": "shift", "path": "/a"}],
        [{"op": ["add"], "path": "/a"}],
        [{"op": "remove"}],
        [{"op": "remove", "path": "a"}],
        [{"op": "remove", "path": "/~2"}],
        [{"op": "add", "path": "/a"}],
        [{"op": "move", "path": "/a"}],
    ],
)
def test_what_is_no_patch_is_malformed(patch: Any) -> None:
    with pytest.raises(MalformedError):
        apply_json_patch({"a": 1}, patch)


def test_numbers_are_compared_by_value() -> None:
    document = parse_json('{"a": 1.50}')
    assert apply_json_patch(document, parse_json('[{"op": "test", "path": "/a", "value": 1.5}]')) == document


def test_copies_cannot_grow_without_end() -> None:
    doubling = [{"op": "copy", "from": "", "path": f"/{n}"} for n in range(40)]
    with pytest.raises(TooCostlyError):
        apply_json_patch({"a": [0] * 100}, doubling)
    with pytest.raises(TooCostlyError):
        apply_json_patch({}, [{"op": "add", "path": "/a", "value": 1}] * 1001)


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=3), _json, max_size=4), _json)
def test_what_is_added_can_be_tested_and_removed(document: dict[str, Any], value: Any) -> None:
    path = "/" + "new/~key".replace("~", "~0").replace("/", "~1")
    operations = [
        {"op": "add", "path": path, "value": value},
        {"op": "test", "path": path, "value": value},
        {"op": "remove", "path": path},
    ]
    assert apply_json_patch(document, operations) == document


@pytest.mark.parametrize(
    ("document", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b", "c": 1}, {"a": None}, {"c": 1}),
        ({"a": {"b": "c", "d": 1}}, {"a": {"b": None, "e": 2}}, {"a": {"d": 1, "e": 2}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"a": "b"}, {"a": {"c": None, "d": 1}}, {"a": {"d": 1}}),
    ],
)
def test_merge_patch_puts_in_and_takes_away(document: Any, patch: Any, expected: Any) -> None:
    before = deepcopy(document)
    assert apply_merge_patch(document, patch) == expected
    assert document == before
