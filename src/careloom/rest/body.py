"""Request bodies: read strictly, since what is written must mean one thing only.

A reader that takes the last of two equal keys and a reader that takes the first see different records,
so a body with duplicate keys is refused. Plain decoders do not report them; comparing the number of keys in the text
with the number in the decoded value does, at a fraction of the cost of decoding twice.
"""

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from careloom.definitions import TypeModel
from careloom.model.errors import MalformedError
from careloom.model.json import parse_json, parse_resource
from careloom.model.resource import Resource
from careloom.model.xml import read_xml
from careloom.rest.hub import Limits
from careloom.rest.messages import Parameters
from careloom.rest.negotiation import Family

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"\s*+(:?)', re.DOTALL)
_SPACED_COLON = re.compile(rb'"[ \t\r\n]+:')
_BEFORE_COLON = (b" :", b"\n:", b"\r:", b"\t:")
_CONTAINERS = frozenset({dict, list})
_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def read_resource(data: bytes, limits: Limits, *, family: Family = "json", types: TypeModel | None = None) -> Resource:
    """Read one resource from a request body.

    Args:
        data: The body.
        limits: For the depth.
        family: What it is written in.
        types: What XML is read by.

    Raises:
        MalformedError: Not what it is said to be, not a resource, nested too deeply, with duplicate keys or with NUL
            characters.
    """
    if not data.strip():
        raise MalformedError("the body is empty, a resource expected")
    if family == "json":
        resource = parse_resource(data)
        _require_plain(resource, data, limits)
        return resource
    assert types is not None
    document = read_xml(data, types)
    if odd := [issue for issue in document.issues if issue.rule == "xml"]:
        raise MalformedError(f"not FHIR XML: {odd[0].diagnostics}", issues=odd)
    _require_depth(_measure(document.resource)[1], limits)
    return document.resource


def read_json(data: bytes, limits: Limits) -> Any:
    """Read JSON that is no resource, as strictly: a JSON Patch.

    Raises:
        MalformedError: As `read_resource` has it.
    """
    value = parse_json(data)
    _require_plain(value, data, limits)
    return value


def read_parameters(text: str | bytes, limits: Limits) -> Parameters:
    """Read a query string or a form.

    Raises:
        MalformedError: Not UTF-8, or more parameters than the hub reads.
    """
    decoded = text.decode("latin-1") if isinstance(text, bytes) else text
    try:
        pairs = parse_qsl(decoded, keep_blank_values=True, errors="strict", max_num_fields=limits.parameters)
    except UnicodeDecodeError as error:
        raise MalformedError("the parameters are not UTF-8") from error
    except ValueError as error:
        raise MalformedError(f"at most {limits.parameters} parameters are read") from error
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise MalformedError("a parameter holds the character NUL, which FHIR does not allow")
    return tuple(pairs)


def _require_plain(value: Any, data: bytes, limits: Limits) -> None:
    """Refuse JSON that could be understood in two ways."""
    keys, depth = _measure(value)
    _require_depth(depth, limits)
    if not _is_plainly(data, keys) and keys != sum(1 for found in _STRING.finditer(data) if found[1]):
        raise MalformedError(f"duplicate keys in one object: {', '.join(_duplicates(data))}")
    if rb"\u0000" in data and _NUL_ESCAPE.search(data):  # which takes its time where there is nothing to find
        raise MalformedError("a text holds the character NUL (\\u0000), which FHIR does not allow")


def _require_depth(depth: int, limits: Limits) -> None:
    if depth > limits.depth:
        raise MalformedError(f"the body is nested {depth} levels deep, at most {limits.depth} are read")


def _is_plainly(data: bytes, keys: int) -> bool:
    """Whether the text has no more than so many keys, as far as counting alone can tell.

    Where no space stands before a colon, each key ends in ``":``; so there are no more keys in it than there are of
    these. Where a text has some too, there may be fewer, and it takes a closer look.
    """
    if data.count(b'":') != keys:
        return False
    return not any(pair in data for pair in _BEFORE_COLON) or not _SPACED_COLON.search(data)


def _measure(value: Any) -> tuple[int, int]:
    """How many keys a decoded value has in all its objects, and how many levels of objects and arrays."""
    keys = depth = 0
    level: list[Any] = [value] if value.__class__ in _CONTAINERS else []
    while level:
        depth += 1
        below: list[Any] = []
        for node in level:
            if node.__class__ is dict:
                keys += len(node)
                below += [child for child in node.values() if child.__class__ in _CONTAINERS]
            else:
                below += [child for child in node if child.__class__ in _CONTAINERS]
        level = below
    return keys, depth


def _duplicates(data: bytes) -> Iterable[str]:
    """The keys that some object has twice."""
    found: dict[str, None] = {}

    def look(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        found.update(dict.fromkeys(name for name in names if names.count(name) > 1))

    json.loads(data, object_pairs_hook=look)
    return found
