"""Records as parts of a Parameters resource, and back: each field a part of its name, ``last-number``.

What a field is follows from its type, so the two directions cannot disagree. Whole numbers are text, since those of
events may be larger than an integer of R4; what is empty is left out.
"""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from careloom.model.errors import MalformedError
from careloom.model.instants import instant
from careloom.model.parameters import Part, parts_of

Record = TypeVar("Record")


def to_parts(record: Any) -> list[dict[str, Any]]:
    """The fields of a record as parts."""
    return [part for each in fields(record) for part in _told(_name(each.name), getattr(record, each.name))]


def from_parts(type: type[Record], parts: Iterable[Part]) -> Record:
    """The record that parts were made of.

    Raises:
        MalformedError: They are not of such a record.
    """
    found: dict[str, list[Part]] = {}
    for part in parts:
        found.setdefault(str(part.get("name")), []).append(part)
    values = {}
    for name, kind in _kinds(cast("Hashable", type)).items():
        if given := found.get(_name(name)):
            values[name] = _read(kind, given)
        elif kind is str:
            values[name] = ""
    try:
        return type(**values)
    except TypeError as error:
        raise MalformedError(f"{type.__name__}: {error}") from error


def _told(name: str, value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, tuple):
        for each in value:
            yield from _told(name, each)
    elif is_dataclass(value):
        yield {"name": name, "part": to_parts(value)}
    elif isinstance(value, bool):
        yield {"name": name, "valueBoolean": value}
    elif isinstance(value, datetime):
        yield {"name": name, "valueInstant": instant(value)}
    elif isinstance(value, float):
        yield {"name": name, "valueDecimal": round(value, 6)}
    elif value is not None and value != "":
        yield {"name": name, "valueString": str(value)}


def _read(kind: Any, given: list[Part]) -> Any:
    if get_origin(kind) is tuple:
        return tuple(_value(get_args(kind)[0], part) for part in given)
    return _value(kind, given[0])


def _value(kind: Any, part: Part) -> Any:
    if is_dataclass(kind):
        return from_parts(kind, parts_of(part.get("part")))  # type: ignore[arg-type]  # a class, not an object of it
    text = next((value for key, value in part.items() if key.startswith("value")), None)
    try:
        if kind is datetime:
            return datetime.fromisoformat(str(text))
        return kind(text) if kind in (int, float) else text
    except (TypeError, ValueError) as error:
        raise MalformedError(f"{part.get('name')}: {kind.__name__} expected, found {text!r}") from error


@cache
def _kinds(type: Hashable) -> dict[str, Any]:
    """By field, its type; without None where it may be that."""
    return {name: _some(kind) for name, kind in get_type_hints(type).items()}


def _some(kind: Any) -> Any:
    if isinstance(kind, UnionType):
        return next(each for each in get_args(kind) if each is not type(None))
    return kind


def _name(field: str) -> str:
    return field.replace("_", "-")
