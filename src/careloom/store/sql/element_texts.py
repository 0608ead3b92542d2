"""A resource as the JSON of its elements: what they are known by, and what its body is made of."""

from functools import lru_cache
from typing import Any

import orjson

from careloom.model import Resource, serialize_json, trimmed
from careloom.store.recording import kept_meta

_NOT_FOUND_BY = frozenset({"resourceType", "id"})


def texts_of(resource: Resource) -> tuple[dict[str, bytes], bytes]:
    """The elements of a resource as JSON, but for its id, its type, and what of ``meta`` its version says.

    Returns:
        The elements by key, and the JSON of a resource that they make up with its type: the body.
    """
    texts: dict[str, bytes] = {}
    parts = [_beginning(resource["resourceType"])]
    for key, value in resource.items():
        if key in _NOT_FOUND_BY:
            continue
        if key == "meta":
            value = kept_meta(value)  # noqa: PLW2901  what is left of it
            if value is None:
                continue
        text = texts[key] = json_of(value)
        parts += (_member(key), text)
    parts.append(b"}")
    return texts, b"".join(parts)


def json_of(value: Any) -> bytes:
    """The JSON of a value as `serialize_json` has it, at once where there are no decimals in it."""
    try:
        return trimmed(orjson.dumps(value))
    except TypeError:
        return serialize_json(value)


@lru_cache(maxsize=200)
def _beginning(type: str) -> bytes:
    """What a body of a type begins with."""
    return b'{"resourceType":' + serialize_json(type)


@lru_cache(maxsize=2_000)
def _member(key: str) -> bytes:
    """What stands before the value of a member."""
    return b"," + serialize_json(key) + b":"
