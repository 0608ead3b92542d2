"""The ``%name`` constants: the resource at hand, the code systems that have a name, and what the caller adds.

Source: FHIR R4, FHIRPath, 2.1.9.1.4 "Environment variables".
"""

from careloom.fhirpath.code import Code, Shape, constant, one, several
from careloom.fhirpath.environment import Scope
from careloom.fhirpath.nodes import STRING, Item
from careloom.fhirpath.sources import Site

SYSTEMS = {
    "ucum": "http://unitsofmeasure.org",
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
}
_PREFIXES = {
    "vs-": "http://hl7.org/fhir/ValueSet/",
    "ext-": "http://hl7.org/fhir/StructureDefinition/",
}


def constant_code(name: str, root: Shape, site: Site) -> Code:
    """The code of ``%name``; a name that nobody defines is an error when it runs."""
    text = _text(name)
    if text is not None:
        return constant(text, one(STRING))
    if name == "resource":
        return Code(lambda this, scope: scope.resource, one("Resource"), uses_this=False, uses_world=True)
    if name == "rootResource":
        return Code(lambda this, scope: scope.root_resource, one("Resource"), uses_this=False, uses_world=True)
    if name == "context":
        return Code(_context, root, uses_this=False, uses_world=True)
    return _variable(name, site)


def _text(name: str) -> str | None:
    if name in SYSTEMS:
        return SYSTEMS[name]
    for prefix, base in _PREFIXES.items():
        if name.startswith(prefix):
            return base + name.removeprefix(prefix)
    return None


def _context(this: Item, scope: Scope) -> Item:
    context = scope.environment.context
    return scope.root if context is None else context


def _variable(name: str, site: Site) -> Code:
    def run(this: Item, scope: Scope) -> list[Item]:
        variables = scope.environment.variables
        if name not in variables:
            raise site.invalid(f"%{name} is not defined")
        value = variables[name]
        return value if isinstance(value, list) else [] if value is None else [value]

    return Code(run, several(), uses_this=False, uses_world=True)
