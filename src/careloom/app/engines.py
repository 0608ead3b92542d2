"""What the definitions give: resource types, search parameters, validator and terminology of a hub."""

from pathlib import Path

from careloom.definitions import Definitions, PackageCache
from careloom.definitions.kept import KeptFolder
from careloom.definitions.packages import read_folder
from careloom.model.errors import DefinitionError, InvalidError
from careloom.model.records import dataclass
from careloom.model.resource import Resource
from careloom.notify import with_backport
from careloom.search import SearchParameters
from careloom.settings import Settings
from careloom.terminology import Terminology
from careloom.terminology.for_search import TerminologyForSearch
from careloom.validation import Options, Validator

_OPTIONS = Options(extension_domains=("http://", "https://", "urn:"))
"""FHIR lets anybody add an extension, so a hub takes those it has no definition of: refusing them would lose data."""


_NO_HELP_IN_AUDIT = frozenset({"_content", "_text"})
"""Search parameters by which no AuditEvent of a hub is told from another: the words in it are codes, addresses and ids,
by which it is found anyhow. Each word would be a row for each record."""


@dataclass(frozen=True, slots=True)
class Engines:
    """What the definitions give; it costs seconds to make and stays for the life of the process."""

    definitions: Definitions
    parameters: SearchParameters
    validator: Validator
    terminology: Terminology


def load_engines(settings: Settings, base_url: str) -> Engines:
    """Read the definitions and build what rests on them.

    Raises:
        NotFoundError: A package is not installed, or a profile that a type must conform to is not there.
        DefinitionError: Such a profile is broken.
        InvalidError: The settings name a resource type that does not exist.
    """
    packages = with_backport(
        Definitions.load(settings.definitions.packages, cache=PackageCache(kept=KeptFolder.of_user()))
    )
    folders = [_resources(folder, packages) for folder in settings.definitions.directories]
    definitions = packages.with_resources(resource for found in folders for resource in found)
    terminology = settings.terminology.open(definitions)
    parameters = SearchParameters(
        definitions,
        base_url=base_url,
        zone=settings.hub.time_zone,
        left_out={"AuditEvent": _NO_HELP_IN_AUDIT},
        codes=TerminologyForSearch(terminology),
        limits=settings.search,
    )
    validator = Validator(definitions, terminology=terminology, options=_OPTIONS)
    engines = Engines(definitions, parameters, validator, terminology)
    check_settings(settings, engines)
    return engines


def check_settings(settings: Settings, engines: Engines) -> None:
    """Hold the settings against the definitions.

    Raises:
        InvalidError: A resource type that does not exist, or a profile that constrains another type.
        NotFoundError: A profile that is not there.
        DefinitionError: A profile that is broken.
    """
    unknown = settings.unknown_types(engines.definitions.types.resource_types())
    if unknown:
        raise InvalidError("; ".join(issue.diagnostics for issue in unknown), issues=unknown)
    for type, profiles in settings.conformance.items():
        for url in profiles:
            asked_by = f"{settings.file}: conformance.{type}"
            structure = engines.definitions.structure(url, asked_by=asked_by)
            if structure["type"] != type:
                raise DefinitionError(f"a profile of {type} expected, found one of {structure['type']}", url=url)
            engines.validator.library.schema(url, asked_by=asked_by)


def _resources(folder: Path, definitions: Definitions) -> list[Resource]:
    """The conformance resources in a folder and those below it, JSON or XML.

    Raises:
        InvalidError: There is no such folder, or nothing that defines in it.
        MalformedError: A file in it cannot be read.
    """
    if not folder.is_dir():
        raise InvalidError(f"definitions.directories: {folder} is not a folder")
    return list(read_folder(folder, lambda: definitions.types).resources.values())
