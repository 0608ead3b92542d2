"""What comes again and again as a whole: concepts, codings, timings, dosages, ranges of reference.

Records say the same few things of most patients. So in the places of these types a value is looked up by its JSON
text, which costs less than to look into it, and is judged only when it is new. What is remembered of it is what there
is to tell of it, if none of that had been told in the document. A value that means something else in another place is
not remembered: one that has an id, a reference or extensions.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson

from careloom.model import trimmed
from careloom.model.issues import Issue
from careloom.model.numbers import decimal_text
from careloom.validation.path import Path, path_text
from careloom.validation.quick.check import QuickCheck
from careloom.validation.quick.formats import LONGEST, ROOM

TYPES = frozenset(["CodeableConcept", "Coding", "Dosage", "Observation.referenceRange", "Timing"])
"""Types whose values are remembered."""

_PLACED = frozenset(["assigner", "contained", "extension", "id", "modifierExtension", "reference", "resourceType"])
"""Properties by which a value depends on where it stands."""

OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS

text_of = orjson.dumps
"""The text of a value, with `exact` and `OPTIONS`; those three are what generated code calls."""


def exact(value: Any) -> Any:
    """A decimal by its digits, behind a character that JSON text never has, so that it is like nothing else.

    Raises:
        TypeError: It is no value of JSON.
    """
    if isinstance(value, Decimal):
        return orjson.Fragment(b"\x00" + decimal_text(value).encode())
    raise TypeError(f"{type(value).__name__} is no value of JSON")


class Note:
    """What is told once a document, in the place of the value that it comes with.

    Attributes:
        key: By which it is known to have been told: a code system, a value set.
    """

    __slots__ = ("_issue", "_latest", "_place", "_placed", "key")

    def __init__(self, key: str, issue: Issue, place: str) -> None:
        """A note.

        Args:
            key: As above.
            issue: As it was told in one place.
            place: What follows the path of the property's owner in the expression of the issue.
        """
        self.key = key
        self._issue = issue
        self._place = place
        self._placed: dict[Path, Issue] = {}
        self._latest: tuple[Path | None, Issue] = (None, issue)

    def at(self, parent: Path) -> Issue:
        """The issue where the owner of the property stands in another place, most often that of the last time."""
        latest = self._latest
        if latest[0] is not parent:
            latest = self._latest = (parent, self._known(parent))
        return latest[1]

    def _known(self, parent: Path) -> Issue:
        issue = self._placed.get(parent)
        if issue is None:
            if len(self._placed) >= ROOM:
                self._placed.clear()
            issue = self._placed[parent] = self._moved(path_text(parent) + self._place)
        return issue

    def _moved(self, expression: str) -> Issue:
        issue = self._issue
        message = issue.diagnostics[len(issue.expression) :]
        return Issue(issue.severity, issue.code, expression + message, expression, issue.rule)


Notes = tuple[str, Note, *tuple[Note, ...]]
"""What there is to tell of a value: the key by which all of it is known to have been told, empty for several; each."""


class _Told(set[str]):
    """What has been told, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []

    def add(self, key: str) -> None:
        self.order.append(key)
        super().add(key)


class Recurrent(dict[bytes, Notes | tuple[()]]):
    """The values met in one place of a type, by text, with what there is to tell of each."""

    def __init__(self, judge: Callable[[Any, Path, QuickCheck], bool]) -> None:
        """A memory.

        Args:
            judge: Of a value that is new; takes the path of what it is a property of.
        """
        super().__init__()
        self._judge = judge
        self._notes: dict[tuple[str, str, str], Note] = {}

    def meet(self, value: Any, parent: Path, check: QuickCheck) -> bool:
        """Judge a value that is new, and remember it if it is fine."""
        run, before = check.run, len(check.issues)
        told, fresh = check.told, _Told()
        check.told = run.told_systems = fresh
        try:
            if not self._judge(value, parent, check):
                return False
        finally:
            check.told = run.told_systems = told
        issues, start = check.issues[before:], len(path_text(parent))
        del check.issues[before:]
        found = [self._note(key, one, one.expression[start:]) for key, one in zip(fresh.order, issues, strict=True)]
        notes: Notes | tuple[()] = ("", found[0], *found[1:]) if found else ()
        if len(found) == 1:
            notes = (found[0].key, found[0])
        text = text_of(value, exact, OPTIONS)
        if len(text) <= LONGEST and not _has_place(value):
            if len(self) >= ROOM:
                self.clear()
            self[trimmed(text)] = notes
        if notes and notes[0] not in told:
            tell(notes, parent, check)
        return True

    def _note(self, key: str, issue: Issue, place: str) -> Note:
        """The same note for all values of which the same is told, so that it stays near at hand."""
        message = issue.diagnostics[len(issue.expression) :]
        known = self._notes.get((key, place, message))
        if known is None:
            if len(self._notes) >= ROOM:
                self._notes.clear()
            known = self._notes[key, place, message] = Note(key, issue, place)
        return known


def tell(notes: Notes, parent: Path, check: QuickCheck) -> None:
    """Tell of a value what has not been told in this document.

    Args:
        notes: What there is to tell; not one thing alone that has been told.
        parent: Path of the owner of the property.
        check: To tell it to.
    """
    if notes[0]:
        check.told.add(notes[0])
        check.issues.append(notes[1].at(parent))
        return
    for note in notes[1:]:
        if note.key not in check.told:
            check.told.add(note.key)
            check.issues.append(note.at(parent))


def _has_place(value: Any) -> bool:
    if isinstance(value, dict):
        is_placed = any(key in _PLACED or key[:1] == "_" for key in value)
        return is_placed or any(map(_has_place, value.values()))
    return isinstance(value, list) and any(map(_has_place, value))
