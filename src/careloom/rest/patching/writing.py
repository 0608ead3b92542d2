"""Putting values into a resource and taking them out: siblings keep step, and nothing stays empty."""

from typing import Any

from careloom.model.resource import Resource
from careloom.rest.patching.places import Path, beside, get
from careloom.rest.patching.values import Value, write


def is_there(resource: Resource, path: Path) -> bool:
    """Whether there is anything at a place, be it only beside it."""
    holder, key = _holder(resource, path[:-1]), str(path[-1])
    return holder is not None and (key in holder or f"_{key}" in holder)


def put(resource: Resource, path: Path, value: Value) -> None:
    """Put a value in a place, in stead of what is there."""
    *above, last = path
    if isinstance(last, int):
        _put_in_list(resource, (*above,), last, value, is_new=False)
    else:
        write(_made_holder(resource, (*above,)), last, value)


def insert(resource: Resource, path: Path, index: int | None, value: Value) -> None:
    """Put a value into a list, before the item that has the index now; without one at its end."""
    holder, key = _made_holder(resource, path[:-1]), str(path[-1])
    count = max(len(holder.get(key) or ()), len(holder.get(f"_{key}") or ()))
    _put_in_list(resource, path, count if index is None else index, value, is_new=True)


def remove(resource: Resource, path: Path) -> dict[str, Any]:
    """Take away what is at a place, and give what held it, which may be empty now: see `drop`."""
    *above, last = path
    if not isinstance(last, int):
        holder: dict[str, Any] = get(resource, tuple(above))
        for name in (last, f"_{last}"):
            holder.pop(name, None)
        return holder
    holder, key = get(resource, tuple(above[:-1])), str(above[-1])
    if key[0] == "_" and _keeps(holder.get(key[1:]), last):  # a primitive, which stays where it is
        holder[key][last] = None
        if not any(holder[key]):
            del holder[key]
        return holder
    key = key.removeprefix("_")
    for name in (key, f"_{key}"):
        items = holder.get(name)
        if isinstance(items, list) and last < len(items):
            del items[last]
            if not any(item is not None for item in items):
                del holder[name]
    return holder


def _keeps(items: Any, index: int) -> bool:
    return isinstance(items, list) and index < len(items) and items[index] is not None


def drop(resource: Resource, emptied: dict[str, Any]) -> None:
    """Take away an object that has been left empty, and what would be empty without it."""
    while not emptied and (path := _path_of(resource, emptied)):
        emptied = remove(resource, path)


def _path_of(here: Any, wanted: dict[str, Any]) -> Path | None:
    """Where this very object stands below another; None for nowhere."""
    if here is wanted:
        return ()
    steps = here.items() if isinstance(here, dict) else enumerate(here) if isinstance(here, list) else ()
    for step, below in steps:
        found = _path_of(below, wanted)
        if found is not None:
            return (step, *found)
    return None


def _put_in_list(resource: Resource, path: Path, index: int, value: Value, *, is_new: bool) -> None:
    holder, key = _made_holder(resource, path[:-1]), str(path[-1])
    count = max(len(holder.get(key) or ()), len(holder.get(f"_{key}") or ()))
    for name, item in ((key, value.plain), (f"_{key}", value.beside)):
        items = holder.get(name)
        if items is None and item is None:
            continue
        items = holder[name] = [*(items or []), *[None] * (count - len(items or []))]
        items[index : index if is_new else index + 1] = [item]
        if not any(each is not None for each in items):
            del holder[name]


def _holder(resource: Resource, path: Path) -> dict[str, Any] | None:
    """The object at a place; for a primitive the one beside it, None while there is none."""
    try:
        found = get(resource, path)
    except (KeyError, IndexError):
        found = None
    if isinstance(found, dict):
        return found
    try:
        found = get(resource, beside(path))
    except (KeyError, IndexError):
        return None
    return found if isinstance(found, dict) else None


def _made_holder(resource: Resource, path: Path) -> dict[str, Any]:
    """The object at a place; for a primitive the one beside it, which is made if there is none."""
    found = _holder(resource, path)
    if found is not None:
        return found
    *above, last = path
    made: dict[str, Any] = {}
    if isinstance(last, int):
        outer, key = get(resource, tuple(above[:-1])), str(above[-1])
        siblings = outer.setdefault(f"_{key}", [])
        siblings.extend([None] * (len(outer[key]) - len(siblings)))
        siblings[last] = made
    else:
        get(resource, tuple(above))[f"_{last}"] = made
    return made
