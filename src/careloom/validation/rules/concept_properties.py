"""Properties of concepts: declared once, as the specification means them, and used as declared.

Source: FHIR R4, CodeSystem, "Defined Concept Properties"; HL7 Terminology, the code system ``concept-properties``,
which has added to them.
"""

from collections import Counter
from collections.abc import Mapping

from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.parts import Part, parts, text, value_of

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


def check_properties(scope: Scope, check: Check) -> None:
    """Check the declared properties of a CodeSystem, then those of its concepts."""
    declared: dict[str, str] = {}
    uris: Counter[str] = Counter()
    for entry, path in parts(scope.resource, "property", scope.path):
        _check_declared_once(entry, path, declared, uris, check)
        declared.setdefault(text(entry, "code"), text(entry, "type"))
        uris[text(entry, "uri")] += 1
    _check_concepts(scope.resource, scope.path, declared, check)


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


def _check_concepts(holder: Part, path: Path, declared: Mapping[str, str], check: Check) -> None:
    for concept, here in parts(holder, "concept", path):
        for entry, place in parts(concept, "property", here):
            _check_use(entry, place, declared, check)
        _check_concepts(concept, here, declared, check)


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
