"""SMART v2 system scopes: read from text, printed, cut down, and asked.

``system/Patient.rs`` is what a program may do on its own behalf: the type, or ``*`` for every type, and letters out of
``cruds`` in that order. The old forms ``.read``, ``.write`` and ``.*`` are understood as ``.rs``, ``.cud`` and
``.cruds``. Everything else is refused rather than read generously: a scope for a patient or a user, letters out of
order, and a scope narrowed by search parameters, which would grant too much if the narrowing were overlooked.

Source: SMART App Launch 2.2, "Scopes for requesting FHIR Resources".
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from careloom.governance.interactions import RIGHTS
from careloom.model.errors import InvalidError
from careloom.model.records import dataclass, field

EVERY_TYPE: Final = "*"

_SCOPE = re.compile(r"(?P<context>[a-z]+)/(?P<type>\*|[A-Z][A-Za-z]{1,63})\.(?P<rights>[a-z]+|\*)(?P<query>\?.*)?")
_VERSION_1: Final = {"read": "rs", "write": "cud", "*": RIGHTS}


@dataclass(frozen=True, slots=True)
class Scopes:
    """What may be done to which types.

    Attributes:
        granted: Pairs of type name (or ``*``) and letters in the order of ``cruds``, sorted by type.
    """

    granted: tuple[tuple[str, str], ...] = ()
    _rights: Mapping[str, frozenset[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rights", {name: frozenset(rights) for name, rights in self.granted})

    def __str__(self) -> str:
        return " ".join(f"system/{name}.{rights}" for name, rights in self.granted)

    def permits(self, type: str, right: str) -> bool:
        """Whether one letter of ``cruds`` is granted on a type; for ``*`` it must be granted on every type."""
        rights = self._rights
        return right in rights.get(type, ()) or right in rights.get(EVERY_TYPE, ())

    def types(self, right: str) -> frozenset[str]:
        """The types on which a letter is granted, ``*`` among them when it is granted on every type."""
        return frozenset(name for name, rights in self._rights.items() if right in rights)

    def within(self, allowed: "Scopes") -> "Scopes":
        """These scopes cut down to what is allowed: permitted is what both permit."""
        names = {name for name, _ in self.granted} | {name for name, _ in allowed.granted}
        return _scopes(
            (name, {r for r in RIGHTS if self.permits(name, r) and allowed.permits(name, r)}) for name in names
        )


NO_SCOPES: Final = Scopes()
"""Grants nothing."""


def parse_scopes(text: str) -> Scopes:
    """Read scopes parted by spaces, as in an OAuth ``scope`` parameter.

    Raises:
        InvalidError: A scope is malformed, or one that this platform does not grant; the message has the scope.
    """
    rights: dict[str, set[str]] = {}
    for word in text.split():
        name, letters = _parse_one(word)
        rights.setdefault(name, set()).update(letters)
    return _scopes(rights.items())


def _parse_one(word: str) -> tuple[str, str]:
    found = _SCOPE.fullmatch(word)
    if not found:
        raise InvalidError(f"scope {word!r}: system/TYPE.RIGHTS expected, for example system/Patient.rs")
    if found["context"] != "system":
        raise InvalidError(f"scope {word!r}: only system scopes are granted, this one is for {found['context']!r}")
    if found["query"] is not None:
        raise InvalidError(f"scope {word!r}: search parameters in a scope are not supported")
    letters = _VERSION_1.get(found["rights"], found["rights"])
    if letters != _in_order(letters):
        raise InvalidError(f"scope {word!r}: rights are letters out of {RIGHTS!r}, each once and in that order")
    return found["type"], letters


def _scopes(rights: Iterable[tuple[str, Iterable[str]]]) -> Scopes:
    """Canonical form: types sorted, letters in order, nothing that another pair already grants by ``*``."""
    by_type = {name: frozenset(letters) for name, letters in rights}
    everywhere = by_type.get(EVERY_TYPE, frozenset())
    kept = {name: letters if name == EVERY_TYPE else letters - everywhere for name, letters in by_type.items()}
    return Scopes(tuple((name, _in_order(letters)) for name, letters in sorted(kept.items()) if letters))


def _in_order(letters: Iterable[str]) -> str:
    present = set(letters)
    return "".join(right for right in RIGHTS if right in present)
