"""The ignore file: findings that are known, each with a reason and the day on which that must be looked at again.

A TOML file::

    [[ignore]]
    rule = "binding"
    expression = "Patient.maritalStatus"
    profile = "https://fhir.hl7.org.uk/*"
    reason = "The supplier maps these codes from May on."
    expires = 2027-05-01

At least one of ``rule``, ``expression`` and ``profile`` says what is meant; ``*`` stands for any text.
An expression without indexes means every occurrence: ``Patient.name.given`` is also ``Patient.name[0].given[1]``.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from careloom.model.errors import MalformedError, NotFoundError
from careloom.model.issues import Issue
from careloom.model.late import late_pattern
from careloom.model.records import dataclass

_PATTERNS = ("rule", "expression", "profile")
_KEYS = frozenset({*_PATTERNS, "reason", "expires"})
_INDEX = late_pattern(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class IgnoreEntry:
    """One kind of finding that is not to be told.

    Attributes:
        number: Its place in the file, from 1.
        rule: Pattern of the rule's key; empty for any.
        expression: Pattern of the place; empty for any.
        profile: Pattern of the profile's canonical URL; empty for any.
        reason: Why, for people.
        expires: The first day on which the entry counts no longer.
    """

    number: int
    rule: str
    expression: str
    profile: str
    reason: str
    expires: date

    def covers(self, issue: Issue) -> bool:
        """Whether the finding is one that this entry means."""
        return (
            _matches(self.rule, issue.rule)
            and _matches(self.profile, issue.profile)
            and (
                _matches(self.expression, issue.expression)
                or _matches(self.expression, _INDEX.sub("", issue.expression))
            )
        )

    def is_expired(self, today: date) -> bool:
        """Whether its day has come."""
        return today >= self.expires

    def __str__(self) -> str:
        patterns = ", ".join(f"{name} {value}" for name in _PATTERNS if (value := getattr(self, name)))
        return f"entry {self.number} ({patterns}: {self.reason})"


def read_ignore_file(file: Path) -> tuple[IgnoreEntry, ...]:
    """The entries of an ignore file, expired ones too.

    Raises:
        NotFoundError: The file is not there.
        MalformedError: It is not as the head of this module says; names the entry and what is wrong with it.
    """
    import tomllib  # noqa: PLC0415  (few runs have such a file)

    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise NotFoundError(f"{file}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MalformedError(f"{file}: TOML expected: {error}") from error
    entries = content.get("ignore", [])
    if set(content) - {"ignore"} or not isinstance(entries, list):
        raise MalformedError(f"{file}: tables [[ignore]] and nothing else expected")
    return tuple(_entry(file, number, entry) for number, entry in enumerate(entries, 1))


def cover(entries: Sequence[IgnoreEntry], issue: Issue) -> IgnoreEntry | None:
    """The first entry that means the finding."""
    return next((entry for entry in entries if entry.covers(issue)), None)


def _entry(file: Path, number: int, entry: Any) -> IgnoreEntry:
    fault = _fault(entry)
    if fault:
        raise MalformedError(f"{file}: entry {number}: {fault}")
    patterns = {name: entry.get(name, "") for name in _PATTERNS}
    return IgnoreEntry(number, **patterns, reason=entry["reason"].strip(), expires=entry["expires"])


def _fault(entry: Any) -> str | None:
    if not isinstance(entry, dict):
        return "a table expected"
    if unknown := sorted(set(entry) - _KEYS):
        return f"{', '.join(sorted(_KEYS))} expected, '{unknown[0]}' found"
    if not any(entry.get(name) for name in _PATTERNS):
        return f"{', '.join(_PATTERNS[:-1])} or {_PATTERNS[-1]} expected, none found"
    if not isinstance(entry.get("reason"), str) or not entry["reason"].strip():
        return "a reason expected, none found"
    if not isinstance(entry.get("expires"), date) or isinstance(entry["expires"], datetime):
        return "a day of expiry expected, such as 2027-05-01"
    wrong = [name for name in _PATTERNS if not isinstance(entry.get(name, ""), str)]
    return f"{wrong[0]}: a text expected" if wrong else None


def _matches(pattern: str, text: str) -> bool:
    return not pattern or _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
