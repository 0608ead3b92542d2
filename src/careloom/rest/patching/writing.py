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


def remove(resource: Resource, path: Path) -> None:
    """Take away what is at a place, and what would be empty without it."""
    *above, last = path
    if isinstance(last, int):
        holder, key = get(resource, tuple(above[:-1])), str(above[-1])
        for name in (key, f"_{key}"):
            items = holder.get(name)
            if isinstance(items, list) and last < len(items):
                del items[last]
                if not any(item is not None for item in items):
                    del holder[name]
        above = above[:-1]
    else:
        holder = get(resource, tuple(above))
        for name in (last, f"_{last}"):
            holder.pop(name, None)
    if above and not holder:
        remove(resource, tuple(above))


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
