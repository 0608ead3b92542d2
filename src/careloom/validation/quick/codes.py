"""Codes about which there is nothing to tell: in a place, by themselves, or by what a profile says."""

from math import inf
from typing import Any

from careloom.model.issues import Issue
from careloom.validation.bindings import check_binding
from careloom.validation.context import Check, Item
from careloom.validation.datatypes import check_datatype
from careloom.validation.path import Path, path_text
from careloom.validation.primitives import primitive_fault
from careloom.validation.quick.asking import is_quiet
from careloom.validation.quick.check import QuickCheck
from careloom.validation.quick.formats import LONGEST, ROOM, Memory
from careloom.validation.schema import Binding
from careloom.validation.structure import ABSENT


class _Bound(Memory):
    """Codes that there is nothing to tell about in a place that is bound to a value set."""

    def __init__(self, type: str, binding: Binding) -> None:
        super().__init__()
        self._type = type
        self._binding = binding

    def _ask(self, value: Any, key: Any, path: Path, check: Check) -> bool:
        """Ask about a value, and remember the key if the answer is good for every document."""
        before, told = len(check.issues), check.run.told_systems
        check_binding(Item(value, None, self._type, path), self._binding, check)
        is_untold = self._binding.value_set not in told and self._binding.max_value_set not in told
        if len(check.issues) == before and is_untold and key is not None:
            self.learn(key)
        return is_quiet(check, before)


class BoundCodes(_Bound):
    """Codes of a primitive type, which are right by that type as well."""

    def is_fine(self, value: Any, path: Path, check: Check) -> bool:
        """Ask about a code that is not remembered."""
        return primitive_fault(self._type, value) is None and self._ask(value, value, path, check)


class BoundConcepts(_Bound):
    """Codings, as (system, code), that put a concept within the value set."""

    def is_fine(self, value: Any, path: Path, check: Check) -> bool:
        """Whether one of the codings of a concept is remembered, else ask."""
        codings = value.get("coding", ()) if self._type == "CodeableConcept" else (value,)
        for coding in codings:
            if (coding.get("system"), coding.get("code")) in self:
                return True
        first = codings[0] if len(codings) == 1 else None
        key = (first.get("system"), first["code"]) if first and isinstance(first.get("code"), str) else None
        return self._ask(value, key, path, check)


CodingKey = tuple[Any, Any, Any]
"""System, code and display of a Coding that has nothing else; `ABSENT` for what it has not."""


class Codings(dict[CodingKey, str]):
    """Codings that are right: to nothing, or to their system where it is unknown here."""

    def __init__(self) -> None:
        super().__init__()
        self._notes: dict[str, Issue] = {}
        self._placed: dict[tuple[str, Path, str], Issue] = {}

    def ask(self, value: Any, path: Path, check: Check) -> bool:
        """Ask for a Coding whose properties are right, and remember the answer."""
        system = value["system"]
        was_told, before = system in check.run.told_systems, len(check.issues)
        check_datatype(Item(value, None, "Coding", path), check)
        issues = check.issues[before:]
        key = (system, value.get("code", ABSENT), value.get("display", ABSENT))
        if len(issues) == 1 and is_quiet(check, before):
            self._learn(key, system)
            self._notes[system] = issues[0]
        elif not issues and was_told:
            if system in self._notes and "code" in value and _is_unknown(system, value["code"], check):
                self._learn(key, system)
        elif not issues and not was_told:
            self._learn(key, "")
        return is_quiet(check, before)

    def tell(self, system: str, path: Path, check: QuickCheck) -> None:
        """Tell that codes of a system cannot be checked."""
        check.told.add(system)
        key = (system, path, check.profile)
        issue = self._placed.get(key)
        if issue is None:
            if len(self._placed) >= ROOM:
                self._placed.clear()
            issue = self._placed[key] = self._note(system, path, check)
        check.issues.append(issue)

    def _note(self, system: str, path: Path, check: Check) -> Issue:
        note, place = self._notes[system], f"{path_text(path)}.system"
        message = note.diagnostics[len(note.expression) :]
        return Issue(note.severity, note.code, place + message, place, note.rule, check.profile)

    def _learn(self, key: CodingKey, note: str) -> None:
        if len(self) >= ROOM:
            self.clear()
            self._notes.clear()
        self[key] = note


def _is_unknown(system: str, code: str, check: Check) -> bool:
    """Whether nobody here knows the code; of a system of which only a part is here, others are known."""
    return check.run.terminology.has_code(system, code) is None


class Settled(Memory):
    """Values, by their codes, that meet what one element of a profile says, so that nothing is told."""

    def __init__(self, element: str, key: str, value_sets: frozenset[str]) -> None:
        """A memory for the values under one key.

        Args:
            element: Name of what is said.
            key: Under which the values stand.
            value_sets: What may be told, once a document, is that one of these is unknown.
        """
        super().__init__()
        self._value_sets = value_sets

    def settle(self, codes: Any, check: QuickCheck) -> None:
        """Remember a value, if the silence about it is good for every document."""
        if _size(codes) <= LONGEST and self._value_sets.isdisjoint(check.told):
            self.learn(codes)


def _size(codes: Any) -> float:
    """How long the texts are that codes consist of, with numbers of shapes; without end where some are not known."""
    if isinstance(codes, tuple):
        return sum(map(_size, codes))
    return inf if codes is None else 0 if isinstance(codes, int) else len(codes)
