"""What is fine in a resource that is not: so that the interpreter walks only where something is wrong.

The interpreter asks before it goes into a property. Whatever the answer, what is told is the same: where it is yes,
nothing is told there but that codes of some system cannot be checked, and that has been told. A part that was looked at
and is not fine leaves no trace.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from careloom.validation.context import Check, Item
from careloom.validation.path import Path
from careloom.validation.quick.asking import is_alone
from careloom.validation.quick.check import QuickCheck
from careloom.validation.quick.shapes import Judge, Keys
from careloom.validation.schema import Constraint, Node, Schema

if TYPE_CHECKING:
    from careloom.validation.quick.judges import Judges
    from careloom.validation.quick.overlays import Overlays


class Skim:
    """Answers the interpreter about one document; fills the port `careloom.validation.context.Skim`."""

    def __init__(self, judges: "Judges", overlays: "Overlays") -> None:
        self._judges = judges
        self._overlays = overlays
        self._doubtful: dict[int, Keys] = {}
        self._quick: QuickCheck | None = None

    def is_property_fine(self, node: Node, key: str, value: Mapping[str, Any], path: Path, check: Check) -> bool:
        """Whether there is nothing to tell about a property of an object, with all below it."""
        if check.profile or "_" + key in value:
            return False
        return self._leaves_no_trace(self._judges.property(node, key), value[key], path, check)

    def is_object_fine(self, type: str, value: Any, path: Path, check: Check) -> bool:
        """Whether there is nothing to tell about an object by its type, with all below it."""
        if check.profile or value.__class__ is not dict:
            return False
        return self._leaves_no_trace(self._judges.of(type)[tuple(value)], value, path, check)

    def undecided(self, node: Node, value: Mapping[str, Any], doubtful: Keys) -> tuple[Constraint, ...]:
        """The invariants of an object that are not true by which elements it has.

        Args:
            node: Its type.
            value: The object.
            doubtful: Properties that were not found fine: nothing is concluded from them.
        """
        names = tuple(node.properties[key].element.name for key in doubtful)
        if names:
            self._doubtful[id(value)] = names
        return self._judges.undecided(node, tuple(value), names)

    def conforms(self, schema: Schema, item: Item, check: Check) -> bool:
        """Whether there is nothing to tell about a resource by a profile that speaks of fine properties alone."""
        doubtful = self._doubtful.get(id(item.value), ())
        spoken = self._overlays.spoken(schema, item.type)
        if spoken is None or not spoken.isdisjoint(doubtful):
            return False
        judge = self._overlays.schema(schema, item.type)
        return self._leaves_no_trace(judge, item.value, item.path, check)

    def _leaves_no_trace(self, judge: Judge, value: Any, path: Path, check: Check) -> bool:
        """The answer of a judge about a value; if it is no, everything is as before."""
        run, scope, issues = check.run, check.scope, check.issues
        quick = self._quick
        if quick is None or quick.scope is not scope or quick.issues is not issues:
            quick = self._quick = QuickCheck.of(check, scope, is_alone=is_alone(scope, run))
        state, ids, count = run.state(), tuple(scope.ids), len(issues)
        try:
            if judge(value, path, quick):
                return True
        except Exception:  # data may be anything; the interpreter finds out what is wrong
            pass
        del issues[count:]
        run.return_to(state)
        quick.told, scope.ids = run.told_systems, set(ids)
        return False
