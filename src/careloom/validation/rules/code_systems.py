"""Code systems: what their kind of content allows, supplements, the implied value set, the properties of concepts.

Source: FHIR R4, CodeSystem, "CodeSystem Content", "Supplements", "Defined Concept Properties" and the comments on its
elements; HL7 Terminology, the code system ``concept-properties``, which has added to them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.parts import Part, part, parts, text, value_of


def check_code_system(scope: Scope, check: Check) -> None:
    """Check a CodeSystem as a whole, then its properties."""
    if text(scope.resource, "supplements") or scope.resource.get("content") == "supplement":
        _check_supplement(scope, check)
    _check_content(scope, check)
    _check_value_set(scope, check)
    check_properties(scope, check)


def concepts(holder: Part, path: Path) -> Iterator[tuple[Part, Path]]:
    """Every concept below a code system or a concept, in document order, with its place."""
    for concept, here in parts(holder, "concept", path):
        yield concept, here
        yield from concepts(concept, here)


def _check_supplement(scope: Scope, check: Check) -> None:
    """A supplement says so, names what it adds to, and leaves alone what that decides."""
    resource = scope.resource
    supplements = text(resource, "supplements")
    if not supplements:
        message = "supplements expected, which names the code system that the supplement adds to, none found"
        check.error("business-rule", (scope.path, "content"), message, "supplement")
        return
    if resource.get("content") != "supplement":
        message = f"'supplement' expected, since this supplements {supplements}, '{resource.get('content')}' found"
        check.error("business-rule", (scope.path, "content"), message, "supplement")
    for name in ("caseSensitive", "hierarchyMeaning"):
        if name in resource:
            message = f"nothing expected in a supplement, {supplements} decides this"
            check.error("business-rule", (scope.path, name), message, "supplement")
    _check_supplemented(scope, supplements, check)


def _check_supplemented(scope: Scope, supplements: str, check: Check) -> None:
    """A supplement has no codes of its own."""
    url = supplements.partition("|")[0]
    for concept, path in concepts(scope.resource, scope.path):
        code = text(concept, "code")
        if code and check.run.terminology.has_code(url, code) is False:
            check.error(
                "business-rule", path, f"a code of {url} expected in its supplement, '{code}' found", "supplement"
            )


def _check_content(scope: Scope, check: Check) -> None:
    content, stated = scope.resource.get("content"), scope.resource.get("count")
    found = list(concepts(scope.resource, scope.path))
    if content == "not-present" and found:
        message = "no concepts expected where content is 'not-present', some found"
        check.error("invalid", found[0][1], message, "content")
    if isinstance(stated, int) and content == "complete" and stated != len(found):
        message = f"{len(found)} expected, the number of concepts of this complete code system, {stated} found"
        check.error("invalid", (scope.path, "count"), message, "content")
    if isinstance(stated, int) and content in ("example", "fragment") and stated <= len(found):
        message = f"more than the {len(found)} concepts of this {content} expected, {stated} found"
        check.warning("invalid", (scope.path, "count"), message, "content")


def _check_value_set(scope: Scope, check: Check) -> None:
    """The value set that a code system names as its own is all of it and nothing else."""
    canonical = text(scope.resource, "valueSet")
    found = check.library.definitions.find(canonical, "ValueSet") if canonical else None
    if found is None:
        return
    includes = [include for include, _ in parts(part(found, "compose"), "include", scope.path)]
    url = scope.resource.get("url")
    is_whole = len(includes) == 1 and not any(key in includes[0] for key in ("concept", "filter", "valueSet"))
    if not is_whole or includes[0].get("system") != url:
        message = f"a value set of all codes of {url} expected, {canonical} is not"
        check.error("business-rule", (scope.path, "valueSet"), message, "value-set")


STANDARD = "http://hl7.org/fhir/concept-properties#"

TYPES: Mapping[str, str] = {
    "status": "code",
    "inactive": "boolean",
    "effectiveDate": "dateTime",
    "deprecated": "dateTime",
    "deprecationDate": "dateTime",
    "retirementDate": "dateTime",
    "notSelectable": "boolean",
    "parent": "code",
    "child": "code",
    "partOf": "code",
    "synonym": "code",
    "comment": "string",
    "itemWeight": "decimal",
}
"""Code of a standard property to its type."""

_INTERNAL = frozenset(["child", "parent", "partOf"])
"""Standard properties whose values are concepts of the same code system."""


def check_properties(scope: Scope, check: Check) -> None:
    """Check the declared properties of a CodeSystem, then those of its concepts."""
    declared: dict[str, str] = {}
    uris: Counter[str] = Counter()
    for entry, path in parts(scope.resource, "property", scope.path):
        _check_declared_once(entry, path, declared, uris, check)
        declared.setdefault(text(entry, "code"), text(entry, "type"))
        uris[text(entry, "uri")] += 1
    _check_concepts(scope, declared, check)


def _check_declared_once(
    entry: Part, path: Path, declared: Mapping[str, str], uris: Mapping[str, int], check: Check
) -> None:
    code, uri = text(entry, "code"), text(entry, "uri")
    if code in declared:
        check.error("business-rule", path, f"a code of its own expected, '{code}' found a second time", "property")
    if uri and uri in uris:
        check.error("business-rule", path, f"a uri of its own expected, {uri} found a second time", "property")
    elif uri.startswith(STANDARD):
        _check_standard(uri.removeprefix(STANDARD), entry, path, check)
    elif not uri and code in TYPES:
        message = f"'{code}' means something only with the uri {STANDARD}{code}, none found"
        check.warning("business-rule", path, message, "property")


def _check_standard(name: str, entry: Part, path: Path, check: Check) -> None:
    code, type = text(entry, "code"), text(entry, "type")
    if name not in TYPES:
        message = f"one of the standard properties expected in the namespace of HL7, '{name}' found"
        check.error("business-rule", path, message, "property")
        return
    if code in TYPES and code != name:
        message = f"the code '{name}' expected for {STANDARD}{name}, '{code}' found, which is another standard property"
        check.error("business-rule", path, message, "property")
    if type and type != TYPES[name]:
        message = f"the type {TYPES[name]} expected for {STANDARD}{name}, {type} found"
        check.error("business-rule", path, message, "property")


def _check_concepts(scope: Scope, declared: Mapping[str, str], check: Check) -> None:
    found = list(concepts(scope.resource, scope.path))
    known = frozenset(text(concept, "code") for concept, _ in found)
    is_complete = scope.resource.get("content") == "complete"
    for concept, here in found:
        for entry, place in parts(concept, "property", here):
            _check_use(entry, place, declared, check)
            if is_complete:
                _check_internal(entry, known, place, check)


def _check_internal(entry: Part, known: frozenset[str], path: Path, check: Check) -> None:
    """A property that leads to another concept leads to one of this code system."""
    code, value = text(entry, "code"), text(entry, "valueCode")
    if code in _INTERNAL and value and value not in known:
        message = f"a code of this code system expected for '{code}', '{value}' found"
        check.error("business-rule", path, message, "property")


def _check_use(entry: Part, path: Path, declared: Mapping[str, str], check: Check) -> None:
    code, found = text(entry, "code"), value_of(entry)
    if code not in declared:
        if code not in TYPES:
            check.warning("business-rule", path, f"a declared property expected, '{code}' found", "property")
        return
    type = declared[code]
    actual = found[0].removeprefix("value") if found else ""
    if type and actual and actual[:1].lower() + actual[1:] not in (type, type[:1].lower() + type[1:]):
        message = f"{type} expected for the property '{code}', {actual} found"
        check.error("business-rule", path, message, "property")
