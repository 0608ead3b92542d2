"""What is known and stays: originals with true errors, and mutants that escape, each with its reason."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.mutants.herd import Herd
from tests.mutants.trial import Escape

_FILE = Path(__file__).with_name("known.toml")
_UKCORE = Path(__file__).parents[1] / "suites" / "ukcore_defects.toml"


def unlisted_faults(herd: Herd) -> list[str]:
    """Errors told of originals that are not listed as faulty: false alarms, or new defects to list."""
    listed = _listed_names()
    return [
        f"{original.name}: {issue.diagnostics}"
        for original, issues in herd.faulty
        if original.name not in listed
        for issue in issues
    ]


def unlisted_escapes(escapes: Iterable[Escape]) -> list[str]:
    """Escapes that no entry explains."""
    listed = {(entry["rule"], entry["element"]) for entry in _entries("escape")}
    return [escape.line for escape in escapes if (escape.mutant.rule, escape.mutant.element) not in listed]


def _listed_names() -> set[str]:
    examples = {str(defect["example"]) for defect in tomllib.loads(_UKCORE.read_text("utf-8"))["defect"]}
    return examples.union(*(entry["names"] for entry in _entries("original")))


def _entries(kind: str) -> list[Mapping[str, Any]]:
    entries: list[Mapping[str, Any]] = _book().get(kind, [])
    return entries


@cache
def _book() -> dict[str, Any]:
    book = tomllib.loads(_FILE.read_text("utf-8"))
    lacking = [entry for entries in book.values() for entry in entries if not entry.get("reason")]
    if lacking:
        raise ValueError(f"a reason expected for {lacking}")
    return book
