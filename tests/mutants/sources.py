"""Where valid resources come from: the core package itself, records by hand, UK Core, the public suite."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.mutants.original import Original

from careloom.definitions import Definitions, PackageCache, PackageId
from careloom.model import parse_json
from careloom.model.errors import CareloomError
from careloom.validation.inputs import layered, read_resource

CLINICAL = Path(__file__).with_name("clinical.json")
_UKCORE_FOLDERS = ("structuredefinitions", "valuesets", "codesystems", "conceptmaps")
_CORE = "hl7.fhir.r4.core@4.0.1"
_LARGEST = 60_000
"""Bytes of a file to mutate; a mutant of a larger one says no more, and takes longer to judge."""


def core_files() -> list[Path]:
    """The resources of the R4 core package."""
    folder = PackageCache().folder(PackageId.parse(_CORE)) / "package"
    return sorted(file for file in folder.glob("*-*.json"))


def core_package() -> Iterator[Original]:
    """All of them."""
    for file in core_files():
        yield _core_original(file)


def core_originals(random: Random, per_type: int) -> Iterator[Original]:
    """Some resources of each type that the core package has."""
    by_type: dict[str, list[Path]] = {}
    for file in core_files():
        if file.stat().st_size <= _LARGEST:
            by_type.setdefault(file.name.partition("-")[0], []).append(file)
    for files in by_type.values():
        for file in sorted(random.sample(files, min(per_type, len(files)))):
            yield _core_original(file)


def _core_original(file: Path) -> Original:
    resource = parse_json(file.read_bytes())
    return Original(file.name, resource, resource["resourceType"], "R4 core package")


def clinical_originals() -> Iterator[Original]:
    """Records written by hand: types that are exchanged every day, with contained resources and a document."""
    for resource in parse_json(CLINICAL.read_bytes()):
        type = resource["resourceType"]
        yield Original(f"clinical {type}/{resource['id']}", resource, type, "clinical")


def resource_types(definitions: Definitions) -> list[str]:
    """The names of all resource types."""
    return sorted(definitions.types.resource_types())


def resource_profiles(definitions: Definitions, start: str) -> list[str]:
    """The profiles of resources under an address, by canonical URL."""
    return sorted(
        str(one["url"])
        for one in definitions.all("StructureDefinition")
        if one.get("kind") == "resource" and one.get("derivation") == "constraint" and str(one["url"]).startswith(start)
    )


def ukcore_definitions(root: Path, core: Definitions) -> Definitions:
    """UK Core over R4 core."""
    return layered(core, files=(file for folder in _UKCORE_FOLDERS for file in sorted((root / folder).glob("*.xml"))))


def ukcore_examples(root: Path, definitions: Definitions) -> Iterator[Original]:
    """The UK Core examples, each by the profile that its file name tells, else by its type."""
    profiles = {file.stem: file for file in (root / "structuredefinitions").glob("*.xml")}
    for file in sorted((root / "examples").glob("*.xml")):
        resource = read_resource(file, definitions)
        name = max((stem for stem in profiles if file.stem.startswith(f"{stem}-")), key=len, default="")
        profile = read_resource(profiles[name], definitions) if name else {}
        is_fit = profile.get("type") == resource["resourceType"]
        canonical = str(profile["url"]) if is_fit else str(resource["resourceType"])
        yield Original(file.name, resource, canonical, "UK Core examples")


def suite_originals(root: Path, definitions: Definitions) -> Iterator[Original]:
    """Inputs of the public validator suite that the reference finds no error in, by their type."""
    cases = json.loads((root / "validator" / "manifest.json").read_text("utf-8"))["cases"]
    for case in cases:
        file = root / "validator" / case["file"]
        if _is_valid_by_core(case) and file.stat().st_size <= _LARGEST:
            try:
                resource = read_resource(file, definitions)
            except CareloomError:
                continue  # a case about syntax is none to mutate
            yield Original(case["id"], resource, str(resource["resourceType"]), "validator suite")


def _is_valid_by_core(case: dict[str, object]) -> bool:
    runs = case["runs"]
    assert isinstance(runs, list)
    is_plain = any(run["mode"] == "base" and run["expected_verdict"] == "valid" and not run["settings"] for run in runs)
    needs = (case["supporting"], case["packages"], case["resolve"], *(run["definitions"] for run in runs))
    return is_plain and case["version"] == "4.0.1" and not any(needs)
