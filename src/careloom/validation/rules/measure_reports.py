"""MeasureReports: against the Measure that they report.

Source: FHIR R4, MeasureReport: type, group, population.subjectResults, measureScore.
"""

from collections.abc import Mapping
from typing import Any

from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.questionnaires import objects

Group = Mapping[str, Any]


def check_measure_report(scope: Scope, check: Check) -> None:
    """Check each group by the type of the report and by its group of the Measure."""
    resource, path = scope.resource, scope.path
    groups = objects(resource.get("group"))
    for index, group in enumerate(groups):
        _check_subjects(group, ((path, "group"), index), resource.get("type"), check)
    canonical = resource.get("measure")
    measure = check.library.definitions.find(canonical, "Measure") if isinstance(canonical, str) else None
    if measure is not None:
        _check_groups(groups, measure, path, check)
        if "cohort" in _codes(measure.get("scoring")):
            for index, group in enumerate(groups):
                if "measureScore" in group:
                    here = (((path, "group"), index), "measureScore")
                    check.error("business-rule", here, "no score expected of a cohort, one found", "measure")


def _check_subjects(group: Group, path: Path, type: Any, check: Check) -> None:
    for index, population in enumerate(objects(group.get("population"))):
        if type != "subject-list" and "subjectResults" in population:
            here = ((path, "population"), index)
            check.error("business-rule", here, f"no list of subjects expected in a report of type {type}", "measure")


def _check_groups(groups: list[Group], measure: Group, path: Path, check: Check) -> None:
    """With several groups, code tells which is which."""
    defined = objects(measure.get("group"))
    if len(defined) < 2 and len(groups) < 2:
        return
    known = [_codes(group.get("code")) for group in defined]
    found: set[int] = set()
    for index, group in enumerate(groups):
        codes = _codes(group.get("code"))
        matches = [position for position, one in enumerate(known) if codes & one]
        found.update(matches)
        if not matches:
            here = ((path, "group"), index)
            check.error("business-rule", here, "a code of a group of the Measure expected, none found", "measure")
    for position in range(len(defined)):
        if position not in found:
            message = f"group {position + 1} of the Measure expected in the report, none found by its code"
            check.error("business-rule", path, message, "measure")


def _codes(concept: Any) -> set[str]:
    codings = objects(concept.get("coding")) if isinstance(concept, dict) else []
    return {str(coding.get("code")) for coding in codings}
