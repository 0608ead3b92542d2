"""Snapshots that were made, kept with the package of their definition.

A snapshot is good as long as every definition that it was made of is found in the same file as then, and that file is
the same. What is made of definitions that are in no package is not kept, as they are different for every caller.
"""

from collections.abc import Callable
from typing import Any

from careloom.definitions.layer import Definition
from careloom.definitions.snapshot import Snapshot
from careloom.model import Issue

Find = Callable[[str], Definition | None]
"""Gives the structure definition of a canonical URL, or None."""

_Origin = tuple[str | int, ...]

_AS_IT_CAME = "as it came"


def kept_snapshot(definition: Definition, find: Find) -> Snapshot | None:
    """The snapshot of a definition as an earlier run made it; None where it must be made."""
    package = definition.package
    if package is None or package.kept is None:
        return None
    known = package.kept.get(_name(definition), package.stamp(definition.entry))
    if known is None:
        return None
    if known == _AS_IT_CAME:
        return Snapshot(definition.resource)
    structure, made_of, issues = known
    if any(_origin(find(url)) != origin for url, origin in made_of.items()):
        return None
    return Snapshot(structure, frozenset(made_of), tuple(Issue(*issue) for issue in issues))


def keep_snapshot(definition: Definition, snapshot: Snapshot, find: Find) -> None:
    """Keep a snapshot that was made, or that the one which came with its definition was looked at and found sound."""
    package = definition.package
    if package is None or package.kept is None:
        return
    value: Any = _AS_IT_CAME
    if snapshot.structure is not definition.resource:
        made_of = {url: _origin(find(url)) for url in snapshot.made_of}
        if None in made_of.values():
            return
        value = (snapshot.structure, made_of, [_plain(issue) for issue in snapshot.issues])
    package.kept.put(_name(definition), package.stamp(definition.entry), value)


def _name(definition: Definition) -> str:
    return f"snapshot {definition.entry.file_name}"


def _origin(definition: Definition | None) -> _Origin | None:
    """What tells a definition from any other: its package, its file, the stamp of that; empty where there is none."""
    if definition is None:
        return ()
    package = definition.package
    if package is None:
        return None
    return (str(package.folder), definition.entry.file_name, *package.stamp(definition.entry))


def _plain(issue: Issue) -> tuple[Any, ...]:
    return (issue.severity, issue.code, issue.diagnostics, issue.expression, issue.rule, issue.profile)
