"""References: what they may point at, and how."""

import re
from collections.abc import Iterable
from typing import Any

from careloom.model.late import late_pattern
from careloom.model.references import LiteralReference, parse_reference
from careloom.validation.context import Check, Item, Scope
from careloom.validation.options import is_example_url
from careloom.validation.path import Path
from careloom.validation.resolution import Target, resolve
from careloom.validation.schema import TypeRule

_RELATIVE = late_pattern(r"[A-Z][A-Za-z]+(/[A-Za-z0-9\-.]{1,64}(/_history/[A-Za-z0-9\-.]{1,64})?|\?.*)(#.*)?")
UNADDRESSED = frozenset(["batch", "batch-response", "transaction", "transaction-response"])
"""Types of Bundle in which entries may do without an address."""

_QUERY = late_pattern(r"[A-Z][A-Za-z]+\?")
_CORE = "http://hl7.org/fhir/StructureDefinition/"


def check_targets(item: Item, types: tuple[TypeRule, ...], check: Check) -> None:
    """Check what a Reference points at against the profiles it may point at, of which one must hold."""
    value = item.value
    text = value.get("reference") if isinstance(value, dict) else None
    if not isinstance(text, str) or not text:
        return
    rules = [rule for rule in types if rule.targets]
    target = resolve(text, check.scope, check)
    _check_aggregation(item, rules, target, check)
    _check_declared(item, text, target, check)
    _check_conformance(item, text, [one for rule in rules for one in rule.targets], target, check)


def _check_aggregation(item: Item, rules: Iterable[TypeRule], target: Target, check: Check) -> None:
    allowed = {mode for rule in rules for mode in rule.aggregation}
    if allowed and target.where not in allowed:
        message = f"a reference that is {' or '.join(sorted(allowed))} expected, one that is {target.where} found"
        check.error("structure", item.path, message, "aggregation")


def _check_declared(item: Item, text: str, target: Target, check: Check) -> None:
    """Reference.type and what the reference leads to say the same."""
    declared = item.value.get("type")
    if not isinstance(declared, str):
        return
    name, actual = declared.removeprefix(_CORE), _type_found(text, target)
    if actual and ":" not in name and not check.library.types.is_a(actual, name):
        check.error(
            "structure", item.path, f"a reference to {name} expected by its type, to {actual} found", "reference"
        )


def _check_conformance(item: Item, text: str, targets: list[str], target: Target, check: Check) -> None:
    type = _type_of(item, text, target)
    if not type or not targets:
        return
    names = {canonical: _target_type(canonical, check) for canonical in targets}
    fitting = [one for one, name in names.items() if name is None or check.library.types.is_a(type, name)]
    if not fitting:
        expected = ", ".join(sorted({name for name in names.values() if name}))
        check.error("structure", item.path, f"a reference to {expected} expected, to {type} found", "reference-target")
    elif target.scope is not None and _may_look_into(target, check):
        _check_profiles(item, fitting, target, check)


def _check_profiles(item: Item, fitting: list[str], target: Target, check: Check) -> None:
    assert target.scope is not None
    if any(is_type_url(canonical) for canonical in fitting):
        return
    answers = [check.run.walker.conforms(target.scope, canonical, check) for canonical in fitting]
    if True not in answers and None not in answers:
        message = f"a reference to a resource that conforms to {' or '.join(fitting)} expected; it does not"
        check.error("structure", item.path, message, "reference-profile")


def _may_look_into(target: Target, check: Check) -> bool:
    return target.where != "referenced" or check.options.references == "valid"


def _type_of(item: Item, text: str, target: Target) -> str:
    """The resource type that a reference points at, as far as it shows."""
    declared = item.value.get("type")
    return _type_found(text, target) or (declared if isinstance(declared, str) and ":" not in declared else "")


def _type_found(text: str, target: Target) -> str:
    """The type of what a reference leads to, or the one that its text names."""
    if target.scope is not None:
        return str(target.scope.resource.get("resourceType", ""))
    literal = parse_reference(text)
    return literal.type if literal else ""


def _target_type(canonical: str, check: Check) -> str | None:
    """The type that a target profile constrains; None where any type will do or the profile cannot be had."""
    if is_type_url(canonical):
        return canonical.removeprefix(_CORE)
    schema = check.library.find_schema(canonical)
    return schema.type if schema else None


def is_type_url(canonical: str) -> bool:
    """Whether this is a type itself and no profile: ``…/StructureDefinition/Patient``."""
    name = canonical.removeprefix(_CORE)
    return name != canonical and name[:1].isupper() and name.isalnum()


def check_canonical(item: Item, type: TypeRule, check: Check) -> None:
    """Tell when a canonical leads to a definition of another type than those it may point at."""
    address = item.value.partition("#")[0] if isinstance(item.value, str) else ""
    found = check.library.definitions.find(address) if address else None
    allowed = [target.removeprefix(_CORE) for target in type.targets]
    if found is not None and not any(check.library.types.is_a(str(found.get("resourceType")), one) for one in allowed):
        message = f"the address of a {' or '.join(allowed)} expected, {address} is that of a {found['resourceType']}"
        check.warning("structure", item.path, message, "canonical-target")


def check_reference(item: Item, check: Check) -> None:
    """Check a Reference by itself: its text, and that what it means can be found where it must be."""
    text = item.value.get("reference")
    if not isinstance(text, str) or not text:
        return
    path = (item.path, "reference")
    declared = item.value.get("type")
    if isinstance(declared, str) and declared.startswith(_CORE):
        expected = declared.removeprefix(_CORE)
        check.error("invalid", (item.path, "type"), f"{expected} alone expected, '{declared}' found", "reference")
    elif isinstance(declared, str) and ":" not in declared and check.library.types.node(declared) is None:
        check.error("structure", (item.path, "type"), f"a resource type expected, '{declared}' found", "reference")
    target = resolve(text, check.scope, check)
    literal = parse_reference(text)
    if target.scope is None:
        _tell_unresolved(text, path, target, check)
        _check_uuid(item, literal, check)
        return
    actual = target.scope.resource.get("resourceType")
    if literal and literal.type != actual:
        check.error("required", item.path, f"a {literal.type} expected behind {text}, {actual} found", "reference")


def _check_uuid(item: Item, literal: LiteralReference | None, check: Check) -> None:
    """``Type/uuid`` in a Bundle where that UUID is the address of an entry of another type."""
    found = check.scope.bundle.index.at_uuid(literal.id) if literal and check.scope.bundle else ()
    if literal and found and (actual := found[0].resource.get("resourceType")) != literal.type:
        message = f"a {literal.type} expected at {found[0].full_url}, {actual} found"
        check.error("required", item.path, message, "reference")


def _is_taken_for_granted(text: str, check: Check) -> bool:
    return check.options.assume_rest_references or (check.options.allow_example_urls and is_example_url(text))


def _kind_of_bundle(scope: Scope) -> Any:
    return scope.bundle.resource.get("type") if scope.bundle else None


def _is_without_address(scope: Scope) -> bool:
    """Whether a resource stands in an entry that has no fullUrl, in a Bundle where every entry should have one."""
    entry = scope.container
    kind = entry.outer.resource.get("type") if entry.outer else None
    return entry.place == "entry" and not entry.full_url and isinstance(kind, str) and kind not in UNADDRESSED


def _tell_unresolved(text: str, path: Path, target: Target, check: Check) -> None:
    if target.where == "contained":
        check.error("invariant", path, f"ref-1: a contained resource expected for '{text}', none found", "ref-1")
    elif _QUERY.match(text) and _kind_of_bundle(check.scope) != "transaction":
        message = f"a conditional reference expected in a transaction only, '{text}' found"
        check.error("invalid", path, message, "reference")
    elif re.search(r"\s", text):
        check.error("invalid", path, f"a reference without spaces expected, '{text}' found", "reference")
    elif check.scope.bundle and ":" not in text and not _RELATIVE.fullmatch(text):
        check.error("invalid", path, f"a relative reference of the form Type/id expected, '{text}' found", "reference")
    elif ":" not in text and _is_without_address(check.scope):
        check.error(
            "invalid", path, f"a fullUrl expected around the relative reference '{text}', none found", "reference"
        )
    elif check.options.references != "ignored" and not _is_taken_for_granted(text, check):
        check.error("not-found", path, f"'{text}' expected to be found, it is not", "reference")
