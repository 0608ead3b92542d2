"""Who was told what of a patient, as rows of a page: what `$disclosures` says, in words."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from careloom.governance.purposes import PURPOSES
from careloom.model.parameters import Part, parts_of
from careloom.model.records import dataclass
from careloom.web.mark import Mark


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One telling.

    Attributes:
        recorded: When, in UTC.
        mark: Whether it was told or held back.
        recipients: Who was told.
        purposes: What for.
        what: Versions of resources, ``Encounter/1/_history/2``.
        reason: What permitted or forbade it.
    """

    recorded: datetime
    mark: Mark
    recipients: tuple[str, ...]
    purposes: tuple[str, ...]
    what: tuple[str, ...]
    reason: str


def disclosures_of(parts: Iterable[Part]) -> list[Disclosure]:
    """The rows, in the order in which they are told: the newest first."""
    return [_disclosure(list(parts_of(each.get("part")))) for each in parts]


def _disclosure(parts: list[Part]) -> Disclosure:
    is_told = "told" in _values(parts, "outcome")
    codes = (coding.get("code", "") for coding in _values(parts, "purpose"))
    return Disclosure(
        recorded=datetime.fromisoformat(_values(parts, "recorded")[0]),
        mark=Mark("green", "✓", "Told") if is_told else Mark("yellow", "○", "Held back"),
        recipients=tuple(_values(parts, "recipient")),
        purposes=tuple(f"{PURPOSES[code]} ({code})" if code in PURPOSES else code for code in codes),
        what=tuple(reference["reference"] for reference in _values(parts, "what")),
        reason="; ".join(_values(parts, "reason")),
    )


def _values(parts: list[Part], name: str) -> list[Any]:
    return [
        value for part in parts if part.get("name") == name for key, value in part.items() if key.startswith("value")
    ]
