"""What is fine in a resource that is not: so that the interpreter walks only where something is wrong.

The interpreter asks before it goes into a property. Whatever the answer, what is told is the same: where it is yes,
nothing is told there but that codes of some system cannot be checked, and that has been told. A part that was looked at
and is not fine leaves no trace.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from careloom.validation.context import Check, Item
from careloom.validation.path import Path
from careloom.validation.quick.asking import is_alone
from careloom.validation.quick.check import QuickCheck
from careloom.validation.quick.shapes import Judge, Keys
from careloom.validation.schema import Node, Schema

if TYPE_CHECKING:
    from careloom.validation.quick.judges import Judges, LeftOpen
    from careloom.validation.quick.overlays import Overlays


class Skim:
    """Answers the interpreter about one document; fills the port `careloom.validation.context.Skim`."""

    def __init__(self, judges: "Judges", overlays: "Overlays") -> None:
        self._judges = judges
        self._overlays = overlays
        self._doubtful: dict[int, Keys] = {}
        self._quick: QuickCheck | None = None

    def left(self, node: Node, value: Mapping[str, Any], path: Path, check: Check) -> Iterator[str]:
        """The keys of an object that the interpreter is to look at, in order: what the others have to tell is told."""
        if check.profile:
            yield from value
            return
        judges, quick = self._judges.properties(node), self._check(check)
        issues, scope, run = check.issues, check.scope, check.run
        has_companions = "_" in "".join([key[:1] for key in value])
        trace: Trace | None = None
        told = met = 0
        for key, item in value.items():
            judge = judges.get(key) or judges.find(key)
            if judge is not None and not (has_companions and "_" + key in value):
                if trace is None or told != len(issues) or met != len(scope.ids) or run.judged or run.spending:
                    trace = Trace(quick)
                    told, met = trace.told, len(trace.ids)
                try:
                    if judge(item, path, quick):
                        continue
                except Exception:  # data may be anything; the interpreter finds out what is wrong
                    pass
                trace.remove()
            trace = None
            yield key

    def is_object_fine(self, type: str, value: Any, path: Path, check: Check) -> bool:
        """Whether there is nothing to tell about an object by its type, with all below it."""
        if check.profile or value.__class__ is not dict:
            return False
        return self._leaves_no_trace(self._judges.of(type)[tuple(value)], value, path, check)

    def left_open(self, node: Node, value: Mapping[str, Any], doubtful: Keys) -> "LeftOpen":
        """Whether an object has all that it must, and its invariants that are not true by which elements it has.

        Args:
            node: Its type.
            value: The object.
            doubtful: Properties that were not found fine: nothing is concluded from them.
        """
        names = tuple(node.properties[key].element.name for key in doubtful)
        if names:
            self._doubtful[id(value)] = names
        return self._judges.left_open(node, tuple(value), names)

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
        quick = self._check(check)
        trace = Trace(quick)
        try:
            if judge(value, path, quick):
                return True
        except Exception:  # data may be anything; the interpreter finds out what is wrong
            pass
        trace.remove()
        return False

    def _check(self, check: Check) -> QuickCheck:
        """The check for generated code that tells what the check given does."""
        quick = self._quick
        if quick is None or quick.scope is not check.scope or quick.issues is not check.issues:
            quick = self._quick = QuickCheck.of(check, check.scope, is_alone=is_alone(check.scope, check.run))
        return quick


class Trace:
    """What has been found in a document up to now, to return to.

    It is good for as long as nothing is found: what is found is told, but for ids, and where an invariant has been
    costly or conformance has been asked for, that is remembered.

    Attributes:
        told: How many issues there were.
        ids: The ids of elements that had been met.
    """

    __slots__ = ("_check", "_state", "ids", "told")

    def __init__(self, check: QuickCheck) -> None:
        self._check = check
        self.told = len(check.issues)
        self.ids = tuple(check.scope.ids)
        self._state = check.run.state()

    def remove(self) -> None:
        """Forget what has been found since."""
        check = self._check
        del check.issues[self.told :]
        check.run.return_to(self._state)
        check.told, check.scope.ids = check.run.told_systems, set(self.ids)
