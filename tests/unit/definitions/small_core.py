"""A specification small enough to read: a few types and one resource, as structure definitions with snapshots."""

from typing import Any

from careloom.definitions import Definitions
from careloom.definitions.layer import Layer
from careloom.model import Resource

BASE = "http://hl7.org/fhir/StructureDefinition/"
_SYSTEM_STRING = {
    "extension": [{"url": f"{BASE}structuredefinition-fhir-type", "valueUrl": "string"}],
    "code": "http://hl7.org/fhirpath/System.String",
}


def element(id: str, said: str = "0..*", **more: Any) -> dict[str, Any]:
    """An element definition from ``0..1 string|Coding``; a type of ``system`` is a FHIRPath system type."""
    least, _, rest = said.partition("..")
    most, _, codes = rest.partition(" ")
    made: dict[str, Any] = {"id": id, "path": ".".join(step.partition(":")[0] for step in id.split("."))}
    if ":" in id.rpartition(".")[2]:
        made["sliceName"] = id.rpartition(":")[2]
    made |= {"min": int(least), "max": most}
    if codes:
        made["type"] = [_SYSTEM_STRING if code == "system" else {"code": code} for code in codes.split("|")]
    return made | more


def change(id: str, **said: Any) -> dict[str, Any]:
    """An element of a differential, which says only what it is given."""
    made = element(id)
    return {key: made[key] for key in ("id", "path", "sliceName") if key in made} | said


def type_definition(name: str, base: str, *elements: dict[str, Any], kind: str = "complex-type") -> Resource:
    """The definition of a type; the elements of the base are to be among those given."""
    root = element(name, constraint=[{"key": "ele-1", "severity": "error", "source": f"{BASE}Element"}])
    return {
        "resourceType": "StructureDefinition",
        "url": BASE + name,
        "kind": kind,
        "abstract": False,
        "type": name,
        **({"baseDefinition": BASE + base} if base else {}),
        "derivation": "specialization",
        "snapshot": {"element": [root, *elements]},
    }


def profile(name: str, *differential: dict[str, Any], type: str = "Thing", base: str | None = None) -> Resource:
    """A constraint with nothing but a differential, at ``http://test/NAME``."""
    return {
        "resourceType": "StructureDefinition",
        "url": f"http://test/{name}",
        "kind": "resource",
        "type": type,
        "baseDefinition": base or BASE + type,
        "derivation": "constraint",
        "differential": {"element": [change(type), *differential]},
    }


def extension(name: str, *differential: dict[str, Any], **root: Any) -> Resource:
    """An extension with nothing but a differential, at ``http://test/NAME``."""
    made = profile(name, *differential, change("Extension.url", fixedUri=f"http://test/{name}"), type="Extension")
    made["differential"]["element"][0] |= root
    return made


def slicing(*paths: str, rules: str = "open") -> dict[str, Any]:
    """A slicing by the values at some paths."""
    return {"discriminator": [{"type": "value", "path": path} for path in paths], "rules": rules}


def _inherited(type: str) -> list[dict[str, Any]]:
    url_slicing = slicing("url")
    return [
        element(f"{type}.id", "0..1 system", representation=["xmlAttr"]),
        element(f"{type}.extension", "0..* Extension", slicing=url_slicing),
    ]


def _primitive(name: str, base: str = "Element") -> Resource:
    value = element(f"{name}.value", "0..1 system", representation=["xmlAttr"])
    return type_definition(name, base, *_inherited(name), value, kind="primitive-type")


def _complex(name: str, *elements: dict[str, Any], base: str = "Element") -> Resource:
    return type_definition(name, base, *_inherited(name), *elements)


def _thing() -> Resource:
    return type_definition(
        "Thing",
        "Resource",
        element("Thing.id", "0..1 system", base={"path": "Resource.id", "min": 0, "max": "1"}),
        element("Thing.text", "0..1 Narrative"),
        element("Thing.contained", "0..* Resource"),
        element("Thing.extension", "0..* Extension"),
        element("Thing.active", "0..1 boolean"),
        element("Thing.name", "0..* string"),
        element("Thing.code", "1..1 CodeableConcept", binding={"strength": "extensible", "valueSet": "http://vs/1"}),
        element("Thing.value[x]", "0..1 Quantity|string|Coding"),
        element(
            "Thing.friend",
            "0..* ",
            type=[{"code": "Reference", "targetProfile": [f"{BASE}Thing"]}],
        ),
        element("Thing.part", "0..* BackboneElement"),
        element("Thing.part.id", "0..1 system"),
        element("Thing.part.extension", "0..* Extension"),
        element("Thing.part.code", "1..1 CodeableConcept"),
        element("Thing.part.value[x]", "0..1 Quantity|string"),
        element("Thing.part.part", contentReference="#Thing.part"),
        kind="resource",
    )


def core() -> list[Resource]:
    """The definitions of all the types."""
    return [
        type_definition("Element", "", *_inherited("Element")),
        type_definition("Resource", "", element("Resource.id", "0..1 system"), kind="resource"),
        *map(_primitive, ("string", "uri", "boolean", "decimal", "integer", "xhtml")),
        _primitive("code", "string"),
        _primitive("id", "string"),
        _complex("BackboneElement"),
        _complex(
            "Extension",
            element("Extension.url", "1..1 system", representation=["xmlAttr"]),
            element("Extension.value[x]", "0..1 string|Coding|Quantity|decimal"),
        ),
        _complex("Narrative", element("Narrative.status", "1..1 code"), element("Narrative.div", "1..1 xhtml")),
        _complex("Reference", element("Reference.reference", "0..1 string")),
        _complex("Coding", element("Coding.system", "0..1 uri"), element("Coding.code", "0..1 code")),
        _complex(
            "CodeableConcept",
            element("CodeableConcept.coding", "0..* Coding"),
            element("CodeableConcept.text", "0..1 string"),
        ),
        _complex(
            "Quantity",
            element("Quantity.value", "0..1 decimal"),
            element("Quantity.count", "0..1 integer"),
            element("Quantity.unit", "0..1 string"),
        ),
        _complex("Age", *(element(f"Age.{name}", said) for name, said in _AGE), base="Quantity"),
        _thing(),
    ]


_AGE = (("value", "0..1 decimal"), ("count", "0..1 integer"), ("unit", "0..1 string"))


def small_definitions(*more: Resource) -> Definitions:
    """The small specification, with a layer on top."""
    definitions = Definitions(Layer.of_resources(core()))
    return definitions.with_resources(more) if more else definitions


def elements_of(definitions: Definitions, name: str) -> dict[str, dict[str, Any]]:
    """The snapshot of ``http://test/NAME``, by element id."""
    structure = definitions.structure(f"http://test/{name}")
    return {element["id"]: element for element in structure["snapshot"]["element"]}
