"""Invariants: FHIRPath that must be true of an element.

Some are checked by other means, since the structure already says them or they are about the text of the narrative.
"""

from careloom.fhirpath import Environment, Node
from careloom.model import Resource
from careloom.model.errors import CareloomError, TooCostlyError
from careloom.validation.context import Check, Item, Scope
from careloom.validation.resolution import resolve
from careloom.validation.schema import Constraint

NATIVE = frozenset(["dom-3", "ele-1", "ref-1", "txt-1", "txt-2"])
"""Checked by `careloom.validation`: contained (dom-3), structure (ele-1), references (ref-1), narrative (txt-*).

An invariant that evaluates to nothing fails. As it is written, ref-1 evaluates to nothing for a Reference without
``reference``, where it is meant to hold.
"""


def check_constraints(constraints: tuple[Constraint, ...], item: Item, check: Check) -> None:
    """Tell which invariants do not hold of an item; those that mark best practice only if asked to."""
    environment: Environment | None = None
    for constraint in constraints:
        if constraint.key in NATIVE or not constraint.expression:
            continue
        if constraint.is_best_practice and check.options.best_practice is None:
            continue
        environment = environment or environment_of(check)
        _check(constraint, item, environment, check)


def _check(constraint: Constraint, item: Item, environment: Environment, check: Check) -> None:
    try:
        is_met = holds(constraint.expression, item, environment, check)
    except TooCostlyError as error:
        check.warning("too-costly", item.path, f"{constraint.key} could not be checked: {error}", constraint.key)
        return
    except CareloomError as error:
        message = f"{constraint.key} cannot be evaluated: {error}"
        check.tell(constraint.severity, "exception", item.path, message, constraint.key)
        return
    if not is_met:
        severity = (check.options.best_practice or "warning") if constraint.is_best_practice else constraint.severity
        check.tell(severity, "invariant", item.path, f"{constraint.key}: {constraint.human}", constraint.key)


def holds(text: str, item: Item, environment: Environment, check: Check) -> bool:
    """Whether an expression is true of an item.

    Over data of the wrong shape an expression may fail in any way; where the wrong shape has been told, that is
    passed over, and where nothing has, it is a mistake of ours.

    Raises:
        CareloomError: The expression is not FHIRPath, or cannot be evaluated.
    """
    try:
        expression = check.library.expression(text, item.type)
        return expression.is_true(Node(item.value, item.type, item.sibling), environment)
    except (AttributeError, TypeError, ValueError):
        if not check.run.issues:
            raise
        return True


def environment_of(check: Check) -> Environment:
    """The ports through which an expression sees the resource in question and its surroundings."""
    scope = check.scope

    def resolved(reference: str) -> Resource | None:
        if reference.startswith("#") and scope.resource.get("resourceType") == "Bundle":
            return _contained_in_entries(reference, scope, check)
        target = resolve(reference, scope, check).scope
        return target.resource if target else None

    def is_member(code: object, value_set: str) -> bool | None:
        return member_of(code, value_set, check)

    def is_conforming(resource: Resource, profile: str) -> bool | None:
        return check.run.walker.conforms(Scope(resource, scope.path, "inside", scope), profile, check)

    return Environment(
        resource=scope.resource,
        root_resource=scope.container.resource,
        resolve=resolved,
        member_of=is_member,
        conforms_to=is_conforming,
        now=check.run.clock,
        budget=check.run.budget,
    )


def _contained_in_entries(reference: str, bundle: Scope, check: Check) -> Resource | None:
    """What a local reference means when an expression on a Bundle has walked into an entry, which it does not tell."""
    found = (resolve(reference, entry, check).scope for entry in bundle.index.entries)
    return next((target.resource for target in found if target), None)


def member_of(code: object, value_set: str, check: Check) -> bool | None:
    """Whether a code, Coding or CodeableConcept as JSON is in a value set; None when nobody here can tell."""
    answers = [
        check.run.terminology.validate_code(value_set, system=system, code=text).result for system, text in _codes(code)
    ]
    return True if "in" in answers else None if "unknown" in answers else False


def _codes(code: object) -> list[tuple[str | None, str]]:
    if isinstance(code, str):
        return [(None, code)]
    if isinstance(code, dict):
        codings = code["coding"] if isinstance(code.get("coding"), list) else [code]
        return [
            (one.get("system", ""), one["code"])
            for one in codings
            if isinstance(one, dict) and isinstance(one.get("code"), str)
        ]
    return []
