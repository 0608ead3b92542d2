"""Parts of a resource for rules to look at, with their places; what is of the wrong shape is told elsewhere."""

from collections.abc import Iterator, Mapping
from typing import Any

from careloom.validation.path import Path

Part = Mapping[str, Any]


def parts(holder: Part, name: str, path: Path) -> Iterator[tuple[Part, Path]]:
    """The objects of a list, each with its place."""
    values = holder.get(name)
    for index, value in enumerate(values if isinstance(values, list) else ()):
        if isinstance(value, dict):
            yield value, ((path, name), index)


def texts(holder: Part, name: str, path: Path) -> Iterator[tuple[str, Path]]:
    """The texts of a list, each with its place."""
    values = holder.get(name)
    for index, value in enumerate(values if isinstance(values, list) else ()):
        if isinstance(value, str):
            yield value, ((path, name), index)


def objects(values: Any) -> list[Part]:
    """The objects in a list that may be none."""
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def all_items(holder: Part) -> Iterator[Part]:
    """Every item below a Questionnaire, a response, an item or an answer, in document order."""
    for item in objects(holder.get("item")):
        yield item
        for answer in objects(item.get("answer")):
            yield from all_items(answer)
        yield from all_items(item)


def text(holder: Part, name: str) -> str:
    """A text, empty where there is none."""
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def part(holder: Part, name: str) -> Part:
    """An object, empty where there is none."""
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def value_of(holder: Part, name: str = "value") -> tuple[str, Any] | None:
    """The key and the value of a choice, ``("valueCode", "x")``; None where there is none."""
    return next(((key, value) for key, value in holder.items() if key.startswith(name) and key != name), None)
