"""Measures: parts that can be told apart, and criteria whose logic is somewhere.

Source: FHIR R4, Measure.library, Measure.group and the comments on criteria.
"""

from collections.abc import Iterator

from careloom.model.issues import Severity
from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.parts import Part, part, parts, text, texts

_NAMED = frozenset(["text/cql.identifier", "text/cql-identifier"])
_CQL = _NAMED | {"text/cql"}


def check_measure(scope: Scope, check: Check) -> None:
    """Check the codes of groups and their members, then the criteria."""
    groups = list(parts(scope.resource, "group", scope.path))
    _check_codes(groups, "group", check)
    for group, path in groups:
        for name in ("population", "stratifier"):
            _check_codes(list(parts(group, name, path)), name, check)
        for stratifier, here in parts(group, "stratifier", path):
            _check_codes(list(parts(stratifier, "component", here)), "component", check)
    _check_criteria(scope, check)


def _check_codes(members: list[tuple[Part, Path]], name: str, check: Check) -> None:
    """One alone needs no code; of several each does, as a report refers to them by it."""
    for member, path in members if len(members) > 1 else ():
        if "code" not in member:
            check.warning("required", path, f"a code expected where there are several of {name}, none found", "measure")


def _check_criteria(scope: Scope, check: Check) -> None:
    """CQL by name is in a library, so that there must be one; a name with a prefix says which.

    What is told as ``text/cql`` may be complete in itself, and mostly is the name of something in a library.
    """
    libraries = [canonical for canonical, _ in texts(scope.resource, "library", scope.path)]
    found = [check.library.definitions.find(canonical, "Library") for canonical in libraries]
    names = {text(library, "name") for library in found if library}
    for criteria, path in _criteria(scope):
        if text(criteria, "language") not in _CQL:
            continue
        prefix, dot, _ = text(criteria, "expression").partition(".")
        if not libraries:
            severity: Severity = "error" if text(criteria, "language") in _NAMED else "warning"
            check.tell(severity, "invalid", path, "a library of the Measure expected for CQL, none found", "measure")
        elif None not in found and dot and prefix.isidentifier() and prefix not in names:
            message = f"one of the libraries {', '.join(sorted(names))} expected, '{prefix}' found"
            check.error("invalid", path, message, "measure")


def _criteria(scope: Scope) -> Iterator[tuple[Part, Path]]:
    for group, path in parts(scope.resource, "group", scope.path):
        for population, here in parts(group, "population", path):
            yield part(population, "criteria"), (here, "criteria")
        for stratifier, here in parts(group, "stratifier", path):
            yield part(stratifier, "criteria"), (here, "criteria")
            for component, place in parts(stratifier, "component", here):
                yield part(component, "criteria"), (place, "criteria")
    for data, path in parts(scope.resource, "supplementalData", scope.path):
        yield part(data, "criteria"), (path, "criteria")
