"""Elements of a StructureDefinition: what each says fits its types and what the base has said of it.

What a derived element may not do at all, such as widening a cardinality, comes to light when the snapshot is made; how
elements are sliced is told by `careloom.validation.rules.slicing_definitions`.
Source: FHIR R4, ElementDefinition, "Rules about which elements can be used" and its invariants.
"""

from collections.abc import Iterator, Mapping

from careloom.fhirpath import compile_expression
from careloom.model.errors import CareloomError, MalformedError
from careloom.terminology.expansion import ExpansionRequest
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


def check_element_definitions(scope: Scope, made: Mapping[str, Part], check: Check) -> None:
    """Check the elements of the differential, and those of the snapshot if there is one.

    Args:
        scope: Of the StructureDefinition.
        made: The elements of the snapshot that the differential makes, by id; empty where it makes none.
        check: To tell the findings to.
    """
    base = elements_of(text(scope.resource, "baseDefinition"), check)
    for name in ("differential", "snapshot"):
        path = (scope.path, name)
        for element, here in parts(part(scope.resource, name), "element", path):
            _check_types(element, here, check)
            _check_capabilities(element, here, check)
            if name == "differential":
                _check_by_base(element, base, here, check)
                _check_strength(element, base, here, check)
                _check_invariants(element, base, scope, here, check)
                _check_value_set(element, here, check)
                _check_by_snapshot(element, made.get(_id_of(element), {}), base.get(_id_of(element), {}), here, check)


def _id_of(element: Part) -> str:
    return text(element, "id") or text(element, "path")


def elements_of(canonical: str, check: Check) -> Mapping[str, Part]:
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
            _check_profile(canonical, code, place, check)
            _check_extension(canonical, text(element, "path"), place, check)
        for canonical, place in texts(type, "targetProfile", here):
            _check_target(canonical, code, place, check)


def _check_profile(canonical: str, code: str, path: Path, check: Check) -> None:
    schema = check.library.find_schema(canonical)
    if schema and schema.type != code and code not in _OPEN:
        message = f"a profile of {code} expected, {canonical} is one of {schema.type}"
        check.error("business-rule", path, message, "structure-definition")


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
    _check_values(element, codes, path, check)


def _check_values(element: Part, codes: set[str], path: Path, check: Check) -> None:
    for name in ("fixed", "pattern", "defaultValue"):
        found = value_of(element, name)
        type = found[0].removeprefix(name) if found else ""
        if type and not {type, type[:1].lower() + type[1:]} & codes:
            named = ", ".join(sorted(codes))
            check.error("exception", (path, name), f"a value of type {named} expected, {type} found", "element-type")


# What the base has said


def _check_by_base(element: Part, base: Mapping[str, Part], path: Path, check: Check) -> None:
    """A value that the base fixes stays, and one that is fixed here has what the base's pattern has."""
    said = base.get(_id_of(element), {})
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


def _check_strength(element: Part, base: Mapping[str, Part], path: Path, check: Check) -> None:
    """A binding is no weaker than that of the base; where the base requires it, no snapshot can be made at all."""
    expected = text(part(base.get(_id_of(element), {}), "binding"), "strength")
    found = text(part(element, "binding"), "strength")
    if found in _WEAKER.get(expected, ()):
        message = f"{expected} expected or stronger, as in the base, {found} found"
        check.warning("business-rule", (path, "binding"), message, "structure-definition")


_WEAKER = {"preferred": ("example",), "extensible": ("preferred", "example")}
"""Strengths of a binding that are weaker than one; `careloom.definitions` sees to those that are required."""


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


# Value sets and fixed values, by the types that the snapshot gives


_MOST_CODES = 1_000
_UNCODED = frozenset(["Extension", "Reference", "Period", "Attachment", "Identifier", "HumanName", "Address"])
"""Types that have no code by nature, of those that bindings are seen on."""


def _check_by_snapshot(element: Part, made: Part, base: Part, path: Path, check: Check) -> None:
    """What an element says without naming its types must fit those that it has all the same."""
    codes = {text(type, "code") for type, _ in parts(made, "type", path)}
    if "type" not in element and codes and not codes & _OPEN and not any(":" in code for code in codes):
        _check_values(element, codes, path, check)
    if "binding" in element and codes and codes <= _UNCODED:
        named = ", ".join(sorted(codes))
        message = f"a value set on an element that has codes expected, one on type {named} found"
        check.error("business-rule", (path, "binding"), message, "element-type")
    elif "binding" in element:
        _check_subset(part(element, "binding"), part(base, "binding"), path, check)


def _check_subset(binding: Part, inherited: Part, path: Path, check: Check) -> None:
    """Where the base insists on a value set, another one has codes of it alone, as far as they can be listed here."""
    wider, narrower = text(inherited, "valueSet"), text(binding, "valueSet")
    if inherited.get("strength") != "required" or not narrower or narrower == wider.partition("|")[0]:
        return
    terminology = check.run.terminology
    try:
        entries = terminology.expand(narrower, ExpansionRequest(count=_MOST_CODES)).entries
    except CareloomError:
        return  # that the value set is not to be had is told by itself
    answers = ((one, terminology.validate_code(wider, system=one.system, code=one.code)) for one in entries)
    strange = next((one.code for one, answer in answers if answer.result == "out"), None)
    if strange is not None:
        message = f"a value set within {wider} expected, as the base requires, {narrower} has '{strange}'"
        check.error("business-rule", (path, "binding"), message, "element-binding")


def _check_value_set(element: Part, path: Path, check: Check) -> None:
    """A value set that cannot be found leaves the codes unchecked; an address of something else never will be one."""
    canonical = text(part(element, "binding"), "valueSet")
    if not canonical or canonical.startswith("#") or check.run.terminology.value_set(canonical):
        return
    place = ((path, "binding"), "valueSet")
    other = check.library.definitions.find(canonical)
    if other is not None and other.get("resourceType") != "ValueSet":
        message = f"the address of a value set expected, {canonical} is that of a {other.get('resourceType')}"
        check.error("invalid", place, message, "value-set")
    elif "/StructureDefinition/" in canonical:
        check.warning("invalid", place, f"the address of a value set expected, {canonical} found", "value-set")
    else:
        check.warning("not-found", place, f"the value set {canonical} is not in the loaded definitions", "value-set")
