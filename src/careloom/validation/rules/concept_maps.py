"""ConceptMaps: what is mapped exists, on both sides, and is in the value sets that the map is between.

Source: FHIR R4, ConceptMap.source[x], target[x] and group.
"""

from careloom.model.records import dataclass
from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.parts import Part, parts, text


@dataclass(frozen=True, slots=True)
class _Side:
    """``source`` or ``target``, and the canonical of its value set; empty where none is known."""

    name: str
    value_set: str


def check_concept_map(scope: Scope, check: Check) -> None:
    """Check that source and target are value sets, and the codes of each group."""
    source, target = (_Side(name, _value_set(name, scope, check)) for name in ("source", "target"))
    for group, path in parts(scope.resource, "group", scope.path):
        for element, here in parts(group, "element", path):
            _check_code(element, group, source, here, check)
            for mapped, place in parts(element, "target", here):
                _check_code(mapped, group, target, place, check)


def _value_set(side: str, scope: Scope, check: Check) -> str:
    """The canonical of the value set on a side; empty where there is none, or where it is something else."""
    key = next((key for key in (f"{side}Canonical", f"{side}Uri") if text(scope.resource, key)), "")
    canonical = text(scope.resource, key)
    definitions = check.library.definitions
    if not canonical or definitions.find(canonical, "ValueSet") is not None:
        return canonical
    other = definitions.find(canonical)
    if other is not None:
        message = f"a value set expected, {canonical} is a {other.get('resourceType')}"
        check.error("invalid", (scope.path, side), message, "concept-map")
    return ""


def _check_code(holder: Part, group: Part, side: _Side, path: Path, check: Check) -> None:
    """A code whose system is known here completely; of other systems nothing is said."""
    code, system = text(holder, "code"), text(group, side.name).partition("|")[0]
    version = text(group, f"{side.name}Version") or text(group, side.name).partition("|")[2]
    known = check.run.terminology.has_code(f"{system}|{version}" if version else system, code) if code else None
    if known is False:
        check.error("required", (path, "code"), f"a code of {system} expected, '{code}' found", "concept-map")
    elif known and side.value_set:
        answer = check.run.terminology.validate_code(side.value_set, system=system, code=code)
        if answer.result == "out":
            message = f"a code of the {side.name} {side.value_set} expected, {system}#{code} found"
            check.error("required", (path, "code"), message, "concept-map")
