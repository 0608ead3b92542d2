"""A folder of XML or JSON resources as a package, such as a guide's source repository has."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from careloom.definitions.cache import MANIFEST_NAME
from careloom.definitions.packages.archive import files_in
from careloom.definitions.packages.content import PackageContent, file_names
from careloom.definitions.types import TypeModel
from careloom.model import Resource, parse_json, resource_type
from careloom.model.errors import InvalidError, MalformedError
from careloom.model.xml import parse_xml

# What defines: https://hl7.org/fhir/R4/conformance-module.html and terminology-module.html; all else records.
CONFORMANCE_TYPES = frozenset(
    {
        *("CapabilityStatement", "CodeSystem", "CompartmentDefinition", "ConceptMap", "GraphDefinition"),
        *("ImplementationGuide", "MessageDefinition", "NamingSystem", "OperationDefinition", "SearchParameter"),
        *("StructureDefinition", "StructureMap", "TerminologyCapabilities", "ValueSet", "ExampleScenario"),
    }
)
CORE_NAMES = {"4.0": ("hl7.fhir.r4.core", "4.0.1"), "4.3": ("hl7.fhir.r4b.core", "4.3.0")}
_FHIR_XML = b"http://hl7.org/fhir"


def read_folder(
    folder: Path, types: Callable[[], TypeModel], *, name: str | None = None, version: str | None = None
) -> PackageContent:
    """Read all resources below a folder; JSON and XML files that are no resources are passed over.

    Args:
        folder: With ``package.json`` if the package is to be named by it.
        types: Gives the types, asked for once, and only if there is XML.
        name: Of the package; else as in package.json, the ImplementationGuide, or the folder's name.
        version: Of the package; else as in package.json or the ImplementationGuide, else ``0.0.0``.

    Raises:
        InvalidError: No conformance resource there, or two with the same type and id.
        MalformedError: A file is neither JSON nor XML; names it.
    """
    found = list(_resources(folder, functools.cache(types)))
    conformance = file_names(item for item in found if resource_type(item[1]) in CONFORMANCE_TYPES)
    examples = file_names(item for item in found if resource_type(item[1]) not in CONFORMANCE_TYPES)
    if not conformance:
        raise InvalidError(f"{folder}: no conformance resources (StructureDefinition, ValueSet, …) in it")
    manifest = _manifest(folder, list(conformance.values()))
    given = {key: value for key, value in (("name", name), ("version", version)) if value}
    return PackageContent({**manifest, **given}, conformance, examples)


def _resources(folder: Path, types: Callable[[], TypeModel]) -> Iterator[tuple[str, Resource]]:
    for path in files_in(folder):
        relative = path.relative_to(folder)
        if any(part.startswith((".", "node_modules")) for part in relative.parts) or path.name == MANIFEST_NAME:
            continue
        try:
            resource = _read(path, types)
        except MalformedError as error:
            raise MalformedError(f"{path}: {error}") from error
        if resource is not None:
            yield str(relative), resource


def _read(path: Path, types: Callable[[], TypeModel]) -> Resource | None:
    if path.suffix == ".json":
        value = parse_json(path.read_bytes())
        return value if isinstance(value, dict) and resource_type(value) else None
    if path.suffix == ".xml":
        data = path.read_bytes()
        return parse_xml(data, types()) if _FHIR_XML in data[:4096] else None
    return None


def _manifest(folder: Path, resources: list[Resource]) -> dict[str, Any]:
    """The manifest in the folder, else one made of the ImplementationGuide and the folder's name."""
    for path in (folder / MANIFEST_NAME, folder / "package" / MANIFEST_NAME):
        if path.is_file():
            value = parse_json(path.read_bytes())
            if not isinstance(value, dict):
                raise MalformedError(f"{path}: the manifest of a package is a JSON object")
            return value
    guide = next((resource for resource in resources if resource["resourceType"] == "ImplementationGuide"), {})
    fhir_version = _fhir_version(resources)
    core = CORE_NAMES.get(fhir_version.rpartition(".")[0])
    return {
        "name": guide.get("packageId") or _folder_name(folder),
        "version": guide.get("version") or "0.0.0",
        "fhirVersions": [fhir_version],
        "type": "Conformance",
        "title": guide.get("title") or f"Resources of the folder {folder.name}",
        "dependencies": dict([core]) if core else {},
    }


def _fhir_version(resources: list[Resource]) -> str:
    found = (resource.get("fhirVersion") for resource in resources if resource["resourceType"] == "StructureDefinition")
    return next((version for version in found if isinstance(version, str)), "4.0.1")


def _folder_name(folder: Path) -> str:
    kept = (letter if letter.isalnum() or letter in "._-" else "-" for letter in folder.resolve().name.lower())
    return "".join(kept).strip("._-") or "local"
