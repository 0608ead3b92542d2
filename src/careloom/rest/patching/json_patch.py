"""JSON Patch: add, remove, replace, move, copy and test, one after the other, all or none.

Source: RFC 6902; pointers by RFC 6901.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from decimal import Decimal
from typing import Any, Final

from careloom.model.errors import InvalidError, MalformedError, TooCostlyError

MOST_OPERATIONS: Final = 1000
MOST_COPIED: Final = 100_000
"""Values that all ``copy`` together may copy: each could double the document."""

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_BAD_ESCAPE = re.compile(r"~(?![01])")
_END: Final = "-"

Pointer = tuple[str, ...]


def apply_json_patch(document: Any, operations: Any) -> Any:
    """The document as the operations leave it; it is itself not changed.

    Raises:
        MalformedError: This is no patch: names the operation and what is missing or wrong in it.
        InvalidError: An operation leads nowhere, or a test fails.
        TooCostlyError: More operations than are taken, or copies without end.
    """
    if not isinstance(operations, list):
        raise MalformedError("a JSON Patch is an array of operations, found something else")
    if len(operations) > MOST_OPERATIONS:
        raise TooCostlyError(f"a JSON Patch of at most {MOST_OPERATIONS} operations is taken, found {len(operations)}")
    patching = _Patching(deepcopy(document))
    for number, operation in enumerate(operations):
        try:
            patching.apply(operation)
        except (MalformedError, InvalidError) as error:
            raise type(error)(f"operation {number} of the patch: {error}") from error
    return patching.root


class _Patching:
    """A document while it is patched."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._copied = 0

    def apply(self, operation: Any) -> None:
        name = operation.get("op") if isinstance(operation, dict) else None
        if not isinstance(name, str) or name not in _OPERATIONS:
            raise MalformedError(f"op: one of {', '.join(_OPERATIONS)} expected, found {name!r}")
        _OPERATIONS[name](self, operation)

    def add(self, operation: Mapping[str, Any]) -> None:
        self._put(_pointer(operation, "path"), deepcopy(_value(operation)))

    def remove(self, operation: Mapping[str, Any]) -> None:
        self._take(_pointer(operation, "path"))

    def replace(self, operation: Mapping[str, Any]) -> None:
        path, value = _pointer(operation, "path"), deepcopy(_value(operation))
        self._get(path)
        if not path:
            self.root = value
            return
        parent = self._get(path[:-1])
        parent[_place(parent, path) if isinstance(parent, list) else path[-1]] = value

    def move(self, operation: Mapping[str, Any]) -> None:
        source, path = _pointer(operation, "from"), _pointer(operation, "path")
        if source == path[: len(source)] and source != path:
            raise InvalidError(f"{_text(source)} cannot be moved into itself, to {_text(path)}")
        self._put(path, self._take(source))

    def copy(self, operation: Mapping[str, Any]) -> None:
        source, path = _pointer(operation, "from"), _pointer(operation, "path")
        found = self._get(source)
        self._copied += _size(found)
        if self._copied > MOST_COPIED:
            raise TooCostlyError(f"the patch copies more than {MOST_COPIED} values")
        self._put(path, deepcopy(found))

    def test(self, operation: Mapping[str, Any]) -> None:
        """Compare, and say where it failed, but not what is there instead: errors go into audit records."""
        path, expected = _pointer(operation, "path"), _value(operation)
        if not _equal(self._get(path), expected):
            raise InvalidError(f"test failed: {_text(path)} does not have the value that is expected")

    def _get(self, path: Pointer) -> Any:
        found = self.root
        for depth, token in enumerate(path, 1):
            if isinstance(found, dict) and token in found:
                found = found[token]
            elif isinstance(found, list):
                found = found[_place(found, path[:depth])]
            else:
                raise InvalidError(f"there is nothing at {_text(path[:depth])}")
        return found

    def _put(self, path: Pointer, value: Any) -> None:
        if not path:
            self.root = value
            return
        parent = self._get(path[:-1])
        if isinstance(parent, list):
            parent.insert(len(parent) if path[-1] == _END else _place(parent, path, is_new=True), value)
        elif isinstance(parent, dict):
            parent[path[-1]] = value
        else:
            raise InvalidError(
                f"{_text(path[:-1])} is neither object nor array, so nothing can be put at {_text(path)}"
            )

    def _take(self, path: Pointer) -> Any:
        if not path:
            raise InvalidError("the whole resource cannot be taken away")
        found = self._get(path)
        parent = self._get(path[:-1])
        del parent[_place(parent, path) if isinstance(parent, list) else path[-1]]
        return found


_OPERATIONS: Mapping[str, Callable[[_Patching, Mapping[str, Any]], None]] = {
    "add": _Patching.add,
    "remove": _Patching.remove,
    "replace": _Patching.replace,
    "move": _Patching.move,
    "copy": _Patching.copy,
    "test": _Patching.test,
}


def _pointer(operation: Mapping[str, Any], name: str) -> Pointer:
    text = operation.get(name)
    if not isinstance(text, str) or (text and text[0] != "/") or _BAD_ESCAPE.search(text):
        raise MalformedError(f"{name}: a JSON Pointer such as /name/0/family expected, found {text!r}")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in text.split("/")[1:])


def _value(operation: Mapping[str, Any]) -> Any:
    if "value" not in operation:
        raise MalformedError("value: expected, found none")
    return operation["value"]


def _place(parent: Sequence[Any], path: Pointer, *, is_new: bool = False) -> int:
    """The index that the last token of a path names in its array."""
    token, most = path[-1], len(parent) if is_new else len(parent) - 1
    if token == _END or (_INDEX.fullmatch(token) and int(token) > most):
        raise InvalidError(f"there is nothing at {_text(path)}: the array has {len(parent)} items")
    if not _INDEX.fullmatch(token):
        raise InvalidError(f"{_text(path)}: an index into an array expected, found {token!r}")
    return int(token)


def _text(path: Pointer) -> str:
    return "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in path) or "the whole"


def _equal(found: Any, expected: Any) -> bool:
    """Equal as JSON: true is not 1, and numbers are equal by value, 1.0 and 1 alike."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(_equal(found[key], expected[key]) for key in found)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(_equal, found, expected))
    if isinstance(found, bool) or isinstance(expected, bool):
        return found is expected
    if isinstance(found, int | Decimal) and isinstance(expected, int | Decimal):
        return Decimal(found) == Decimal(expected)
    return bool(found == expected) and isinstance(found, str) == isinstance(expected, str)


def _size(value: Any) -> int:
    """How many values there are in one, itself among them."""
    count, level = 0, [value]
    while level:
        count += len(level)
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
    return count
