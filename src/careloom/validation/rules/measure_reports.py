"""MeasureReports: against the Measure that they report, group by group.

Source: FHIR R4, MeasureReport: type, group, population.subjectResults, measureScore; Measure, "Scoring": what each
scoring method reports.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.parts import Part, objects, part, parts, text


def check_measure_report(scope: Scope, check: Check) -> None:
    """Check each group by the type of the report and by its group of the Measure."""
    resource, path = scope.resource, scope.path
    groups = objects(resource.get("group"))
    for index, group in enumerate(groups):
        _check_subject_results(group, ((path, "group"), index), resource.get("type"), check)
    canonical = resource.get("measure")
    measure = check.library.definitions.find(canonical, "Measure") if isinstance(canonical, str) else None
    if measure is not None:
        _check_groups(groups, measure, path, check)
        if "cohort" in _codes(measure.get("scoring")):
            for index, group in enumerate(groups):
                if "measureScore" in group:
                    here = (((path, "group"), index), "measureScore")
                    check.error("business-rule", here, "no score expected of a cohort, one found", "measure")


def _check_subject_results(group: Part, path: Path, type: Any, check: Check) -> None:
    for index, population in enumerate(objects(group.get("population"))):
        if type != "subject-list" and "subjectResults" in population:
            here = ((path, "population"), index)
            check.error("business-rule", here, f"no list of subjects expected in a report of type {type}", "measure")


def _check_groups(groups: list[Part], measure: Part, path: Path, check: Check) -> None:
    """Each group of the Measure once; with several groups, code tells which is which."""
    defined = objects(measure.get("group"))
    is_collected = check.scope.resource.get("type") == "data-collection"
    if len(defined) < 2 and (len(groups) == 1 or (is_collected and not groups)):
        return
    known = [_codes(group.get("code")) for group in defined]
    found: set[int] = set()
    for index, group in enumerate(groups):
        codes = _codes(group.get("code"))
        matches = {position for position, one in enumerate(known) if codes & one}
        here = ((path, "group"), index)
        if not matches:
            check.error("business-rule", here, "a code of a group of the Measure expected, none found", "measure")
        elif matches <= found:
            check.error("business-rule", here, "each group of the Measure once expected, a second found", "measure")
        found.update(matches)
    for position in range(len(defined)):
        if position not in found:
            message = f"group {position + 1} of the Measure expected in the report, none found by its code"
            check.error("business-rule", path, message, "measure")


def _codes(concept: Any) -> set[str]:
    codings = objects(concept.get("coding")) if isinstance(concept, dict) else []
    return {str(coding.get("code")) for coding in codings}


_POPULATION = "http://terminology.hl7.org/CodeSystem/measure-population"
_SCORED = ("proportion", "ratio", "continuous-variable")

Match = Callable[[Part, Part], bool]


def check_report_populations(scope: Scope, check: Check) -> None:
    """Check each group of a report that has a group in its Measure."""
    measure = _measure(scope, check)
    if measure is None:
        return
    defined = [group for group, _ in parts(measure, "group", scope.path)]
    groups = list(parts(scope.resource, "group", scope.path))
    scoring = {code for _, code in codes(part(measure, "scoring"))}
    for group, path in groups:
        is_only_one = len(groups) == len(defined) == 1
        match = defined[0] if is_only_one else find_by_code(part(group, "code"), defined)
        if match is not None:
            _check_group(group, match, path, check)
        _check_score(group, scoring, text(scope.resource, "type"), path, check)


def codes(concept: Part) -> set[tuple[str, str]]:
    """The codings of a concept, as system and code."""
    return {(text(coding, "system"), text(coding, "code")) for coding, _ in parts(concept, "coding", (None, ""))}


def find_by_code(concept: Part, defined: Iterable[Part]) -> Part | None:
    """The definition with a coding of the concept, or with its text where neither has codings."""
    return next((one for one in defined if _is_same(concept, part(one, "code"))), None)


def _is_same(mine: Part, yours: Part) -> bool:
    if codes(mine) or codes(yours):
        return bool(codes(mine) & codes(yours))
    return bool(text(mine, "text")) and text(mine, "text") == text(yours, "text")


def _measure(scope: Scope, check: Check) -> Part | None:
    canonical = text(scope.resource, "measure")
    if canonical.startswith("#"):
        contained = parts(scope.resource, "contained", scope.path)
        return next((one for one, _ in contained if one.get("id") == canonical[1:]), None)
    return check.library.definitions.find(canonical, "Measure") if canonical else None


def _check_group(group: Part, defined: Part, path: Path, check: Check) -> None:
    if codes(part(group, "code")) and codes(part(defined, "code")) and not _is_same(group["code"], defined["code"]):
        check.error("business-rule", path, "the code of the group of the Measure expected, another found", "measure")
    for name in ("population", "stratifier"):
        _check_members(name, group, defined, path, check)
    for population, here in parts(group, "population", path):
        _check_subjects(population, text(check.scope.resource, "type"), here, check)


def _check_members(name: str, group: Part, defined: Part, path: Path, check: Check) -> None:
    """Each population and each stratifier of the Measure once, and no others."""
    known = [one for one, _ in parts(defined, name, path)]
    found: list[int] = []
    for member, here in parts(group, name, path):
        match = find_by_code(_code_of(member), known)
        if match is None:
            check.error("business-rule", here, f"a {name} of the Measure by its code expected, none found", "measure")
        elif known.index(match) in found:
            check.error("business-rule", here, f"each {name} of the Measure once expected, a second found", "measure")
        else:
            found.append(known.index(match))
    for position, one in enumerate(known):
        if position not in found and (_POPULATION, "measure-observation") not in codes(part(one, "code")):
            message = f"the {name} {_name(one)} of the Measure expected, not found"
            check.error("business-rule", path, message, "measure")


def _code_of(member: Part) -> Part:
    """The code of a population; a stratifier of a report may have several, of which the first is looked at."""
    listed = next((one for one, _ in parts(member, "code", (None, ""))), None)
    return listed if listed is not None else part(member, "code")


def _name(defined: Part) -> str:
    concept = part(defined, "code")
    named = sorted(code for _, code in codes(concept)) or [text(concept, "text")]
    return " ".join(name for name in named if name) or "without a code"


def _check_subjects(population: Part, type: str, path: Path, check: Check) -> None:
    """A list of subjects has as many as are counted."""
    count, listed = population.get("count"), population.get("subjectResults")
    if type == "subject-list" and isinstance(count, int) and count and listed is None:
        check.error("business-rule", path, f"{count} subjects expected, no list of them found", "measure")
    elif type == "subject-list" and isinstance(count, int) and isinstance(listed, dict):
        target = text(listed, "reference")
        contained = parts(check.scope.resource, "contained", check.scope.path)
        subjects = next((one for one, _ in contained if target == f"#{one.get('id')}"), None)
        entries = subjects.get("entry", []) if subjects else None
        if isinstance(entries, list) and len(entries) != count:
            check.error("business-rule", path, f"{count} subjects expected, {len(entries)} listed", "measure")
    elif type != "subject-list" and count is None:
        check.warning("business-rule", path, f"a count expected in a report of type {type}, none found", "measure")


def _check_score(group: Part, scoring: set[str], type: str, path: Path, check: Check) -> None:
    """Collected data have no score; a proportion is a number from 0 to 1; a scored measure has one."""
    score, here = group.get("measureScore"), (path, "measureScore")
    if type == "data-collection":
        if score is not None:
            check.error("business-rule", here, "no score expected in a report of collected data, one found", "measure")
    elif scoring & set(_SCORED):
        method = " ".join(sorted(scoring))
        if not isinstance(score, dict):
            check.error("required", path, f"a measureScore expected of a {method}, none found", "measure")
        elif "value" not in score and "extension" not in score:
            check.error("required", here, f"a value expected of a {method}, none found", "measure")
        elif "proportion" in scoring:
            _check_proportion(score, here, check)


def _check_proportion(score: Part, path: Path, check: Check) -> None:
    for name in ("unit", "system", "code"):
        if name in score:
            check.error("business-rule", (path, name), "no unit expected of a proportion, one found", "measure")
    value: Any = score.get("value")
    if isinstance(value, Decimal | int) and not 0 <= value <= 1:
        check.error(
            "required", (path, "value"), f"a number from 0 to 1 expected of a proportion, {value} found", "measure"
        )
