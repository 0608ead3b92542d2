"""Elements of a StructureDefinition: what each says fits its types and what the base has said of it.

What a derived element may not do at all, such as widening a cardinality, comes to light when the snapshot is made.
Source: FHIR R4, ElementDefinition, "Rules about which elements can be used" and profiling, "Slicing".
"""

from collections.abc import Iterator, Mapping

from careloom.fhirpath import compile_expression
from careloom.model.errors import CareloomError, MalformedError
from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.parts import Part, part, parts, text, texts, value_of
from careloom.validation.values import has_pattern, is_equal, shown

_MEASURED = ("Age", "Count", "Distance", "Duration", "MoneyQuantity", "Quantity", "SimpleQuantity")
_ORDERED = ("date", "dateTime", "decimal", "instant", "integer", "positiveInt", "time", "unsignedInt")
_TEXTS = ("canonical", "code", "id", "markdown", "oid", "string", "uri", "url", "uuid")

_ALLOWED: Mapping[str, frozenset[str]] = {
    "binding": frozenset(
        [*_MEASURED, *_TEXTS, "CodeableConcept", "Coding", "Extension", "Range"],
    ),
    "maxLength": frozenset([*_ORDERED, *_TEXTS]),
    "maxValue": frozenset([*_MEASURED, *_ORDERED, "Money"]),
    "minValue": frozenset([*_MEASURED, *_ORDERED, "Money"]),
}
"""What an element definition may say, to the types of which one must be among those of the element."""

_OPEN = frozenset(["BackboneElement", "Element", "Resource", "DomainResource"])


def check_element_definitions(scope: Scope, check: Check) -> None:
    """Check the elements of the differential, by the base where it is to be had, and those of the snapshot."""
    base = _elements_of(text(scope.resource, "baseDefinition"), check)
    for name in ("differential", "snapshot"):
        path = (scope.path, name)
        for element, here in parts(part(scope.resource, name), "element", path):
            _check_types(element, here, check)
            _check_capabilities(element, here, check)
            if name == "differential":
                _check_slicing(element, here, check)
                _check_by_base(element, base, here, check)
                _check_invariants(element, base, scope, here, check)


def _elements_of(canonical: str, check: Check) -> Mapping[str, Part]:
    """The elements of a definition by id; none where it cannot be had."""
    try:
        structure = check.library.definitions.structure(canonical) if canonical else {}
    except CareloomError:
        return {}
    return {text(element, "id"): element for element, _ in parts(part(structure, "snapshot"), "element", (None, ""))}


# Types


def _check_types(element: Part, path: Path, check: Check) -> None:
    for type, here in parts(element, "type", path):
        code = text(type, "code")
        for canonical, place in texts(type, "profile", here):
            _check_extension(canonical, text(element, "path"), place, check)
        for canonical, place in texts(type, "targetProfile", here):
            _check_target(canonical, code, place, check)


def _check_extension(canonical: str, element_path: str, path: Path, check: Check) -> None:
    """An extension that changes meanings stands under modifierExtension, no other does."""
    schema = check.library.find_schema(canonical)
    if schema is None or schema.type != "Extension" or schema.url.endswith("/Extension"):
        return
    place = element_path.rpartition(".")[2]
    if place in ("extension", "modifierExtension") and schema.is_modifier != (place == "modifierExtension"):
        expected = "modifierExtension" if schema.is_modifier else "extension"
        check.error("exception", path, f"{canonical} expected under {expected}, found under {place}", "element-type")


def _check_target(canonical: str, code: str, path: Path, check: Check) -> None:
    if code not in ("Reference", "canonical", ""):
        check.error(
            "exception", path, f"a target profile expected for Reference or canonical, found for {code}", "element-type"
        )
        return
    found = check.library.definitions.find(canonical, "StructureDefinition")
    if found is not None and found.get("kind") not in ("resource", "logical"):
        message = f"a profile on a resource expected, {canonical} is on {found.get('type')}"
        check.error("exception", path, message, "element-type")


def _check_capabilities(element: Part, path: Path, check: Check) -> None:
    """Only codes are bound, only texts have a length, only what has an order has limits; a fixed value has the type."""
    codes = {text(type, "code").rpartition("/")[2] for type, _ in parts(element, "type", path)}
    if not codes or codes & _OPEN or any(code.startswith("System.") for code in codes):
        return
    named = ", ".join(sorted(codes))
    for name, allowed in _ALLOWED.items():
        is_said = name in element or value_of(element, name) is not None
        if is_said and not codes & allowed:
            check.error(
                "business-rule", path, f"{name}: a type that can have it expected, {named} found", "element-type"
            )
    for name in ("fixed", "pattern", "defaultValue"):
        found = value_of(element, name)
        type = found[0].removeprefix(name) if found else ""
        if type and not {type, type[:1].lower() + type[1:]} & codes:
            check.error("exception", (path, name), f"a value of type {named} expected, {type} found", "element-type")


# Slicing


def _check_slicing(element: Part, path: Path, check: Check) -> None:
    """What occurs once at most cannot be sliced, and neither can the whole."""
    place = text(element, "path")
    if "slicing" not in element or not place:
        return
    if "." not in place:
        check.error("invalid", path, f"slicing of an element expected, of the whole of {place} found", "slicing-rule")
        return
    defined = _elements_of_type(place.partition(".")[0], check).get(place)
    if defined is not None and defined.get("max") == "1" and "[x]" not in place:
        message = f"slicing of an element that may repeat expected, {place} occurs once at most"
        check.error("business-rule", (path, "slicing"), message, "slicing-rule")


def _elements_of_type(name: str, check: Check) -> Mapping[str, Part]:
    return _elements_of(name, check) if name in check.library.types.resource_types() else {}


# What the base has said


def _check_by_base(element: Part, base: Mapping[str, Part], path: Path, check: Check) -> None:
    """A value that the base fixes stays, and one that is fixed here has what the base's pattern has."""
    said = base.get(text(element, "id") or text(element, "path"), {})
    fixed, pattern = value_of(said, "fixed"), value_of(said, "pattern")
    now_fixed, now_pattern = value_of(element, "fixed"), value_of(element, "pattern")
    if fixed and now_fixed and not is_equal(now_fixed[1], fixed[1]):
        message = f"{shown(fixed[1])} expected as in the base, {shown(now_fixed[1])} found"
        check.error("invalid", (path, "fixed"), message, "element-value")
    if fixed and now_pattern and not has_pattern(fixed[1], now_pattern[1]):
        message = (
            f"a pattern that {shown(fixed[1])} has expected, since the base fixes it, {shown(now_pattern[1])} found"
        )
        check.error("invalid", (path, "pattern"), message, "element-value")
    if pattern and now_fixed and not has_pattern(now_fixed[1], pattern[1]):
        message = f"a value with {shown(pattern[1])} expected as in the base, {shown(now_fixed[1])} found"
        check.error("invalid", (path, "fixed"), message, "element-value")


def _check_invariants(element: Part, base: Mapping[str, Part], scope: Scope, path: Path, check: Check) -> None:
    """An invariant has a key of its own, is of this definition, and can be read."""
    url, version = text(scope.resource, "url"), text(scope.resource, "version")
    known = dict(_inherited(base))
    for constraint, here in parts(element, "constraint", path):
        key, expression, source = (text(constraint, name) for name in ("key", "expression", "source"))
        if source and source not in (url, f"{url}|{version}"):
            check.error("invalid", here, f"{key}: {url} expected as source, {source} found", "invariant-rule")
        elif expression and known.get(key, expression) != expression:
            message = f"a key of its own expected, the base has another invariant {key}: {known[key]}"
            check.error("invalid", here, message, "invariant-rule")
        _check_expression(key, expression, here, check)


def _inherited(base: Mapping[str, Part]) -> Iterator[tuple[str, str]]:
    for element in base.values():
        for constraint, _ in parts(element, "constraint", (None, "")):
            yield text(constraint, "key"), text(constraint, "expression")


def _check_expression(key: str, expression: str, path: Path, check: Check) -> None:
    try:
        compile_expression(expression or "true", types=check.library.types)
    except MalformedError as error:
        check.error("invalid", path, f"{key}: FHIRPath expected: {error}", "invariant-rule")
    except CareloomError as error:
        check.warning("not-supported", path, f"{key}: cannot be checked: {error}", "invariant-rule")
