"""What a caller hands over as files and words: definitions, packages, resources behind references, settings.

Used by the command line and by the hooks of the test suites, so that both judge alike.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from careloom.definitions import Definitions
from careloom.model import Resource, parse_json
from careloom.model.errors import InvalidError, MalformedError, NotFoundError
from careloom.model.records import replace
from careloom.validation.context import Resolve
from careloom.validation.options import Options

if TYPE_CHECKING:
    import tarfile

_FOLLOWED = {"IGNORE": "ignored", "CHECK_EXISTS": "exist", "CHECK_EXISTS_AND_TYPE": "exist", "CHECK_VALID": "valid"}


def layered(definitions: Definitions, *, files: Iterable[Path] = (), packages: Iterable[Path] = ()) -> Definitions:
    """Definitions with the resources of package archives and of single files on top.

    Raises:
        NotFoundError: A file is not there.
        MalformedError: A file holds no resource, or an archive is none.
    """
    for package in packages:
        definitions = definitions.with_resources(_in_archive(package))
    resources = [part for file in files for part in _parts(read_resource(file, definitions))]
    return definitions.with_resources(resources) if resources else definitions


def read_resource(file: Path, definitions: Definitions) -> Resource:
    """One resource from a JSON or XML file.

    Raises:
        NotFoundError: The file is not there.
        MalformedError: It holds no resource.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise NotFoundError(f"{file}: {error.strerror or error}") from error
    try:
        value = _from_xml(data, definitions) if file.suffix.lower() == ".xml" else parse_json(data)
    except MalformedError as error:
        raise MalformedError(f"{file}: {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise MalformedError(f"{file}: a resource expected, none found")
    return value


def _from_xml(data: bytes, definitions: Definitions) -> Resource:
    from careloom.model.xml import parse_xml  # noqa: PLC0415  (JSON alone needs none of it)

    return parse_xml(data, definitions.types)


def resolver(files: Mapping[str, Path], definitions: Definitions) -> Resolve:
    """What stands behind references, from files that are read when first asked for."""
    known: dict[str, Resource] = {}

    def resolve(reference: str) -> Resource | None:
        if reference not in files:
            return None
        if reference not in known:
            known[reference] = read_resource(files[reference], definitions)
        return known[reference]

    return resolve


def options_from(settings: Mapping[str, Any]) -> Options:
    """Options by the names that the HL7 validator gives to its own.

    Args:
        settings: Name to value, as text or as JSON value; names that need nothing from us are passed over.

    Raises:
        InvalidError: A value that the setting cannot have.
    """
    options = Options()
    for name, value in settings.items():
        options = replace(options, **_option(name, value))
    return options


def _option(name: str, value: Any) -> dict[str, Any]:
    read = SETTINGS.get(name)
    return read(name, value) if read else {}


def _flag(field: str) -> Callable[[str, Any], dict[str, Any]]:
    return lambda name, value: {field: _one_of(name, str(value).lower(), ("true", "false")) == "true"}


def _best_practice(name: str, value: Any) -> dict[str, Any]:
    severities = {"ignore": None, "hint": "information", "warning": "warning", "error": "error"}
    return {"best_practice": severities[_one_of(name, str(value).lower(), tuple(severities))]}


_MESSAGES: Mapping[str, str] = {
    "Bundle_": "bundle",
    "Display_Name_": "display",
    "Extension_EXT_Context_": "extension-context",
    "Extension_EXT_Unknown": "extension",
    "Reference_REF_": "reference",
    "TERMINOLOGY_TX_SYSTEM_UNKNOWN": "terminology",
    "Terminology_TX_Code_": "code",
    "Terminology_TX_Confirm_": "binding",
    "Terminology_TX_NoValid_": "binding",
    "Terminology_TX_System_Unknown": "terminology",
    "VALIDATION_VAL_PROFILE_UNKNOWN": "profile",
    "Validation_VAL_Profile_Minimum": "cardinality",
    "Validation_VAL_Profile_Unknown": "profile",
    "XHTML_": "narrative",
}
"""How the names of messages of the HL7 validator start, to the rule of ours that tells the same."""


def _advisor(name: str, value: Any) -> dict[str, Any]:
    """What a file of advice wants suppressed: ``{"suppress": ["MESSAGE@expression"]}``."""
    try:
        advice = parse_json(Path(str(value)).read_bytes())
    except OSError as error:
        raise NotFoundError(f"setting {name}: {value}: {error.strerror or error}") from error
    wanted = advice.get("suppress", ()) if isinstance(advice, dict) else ()
    return {"suppressed": tuple(_suppressed(text) for text in wanted if isinstance(text, str))}


def _suppressed(text: str) -> str:
    message, separator, expression = text.partition("@")
    rule = next((rule for start, rule in _MESSAGES.items() if message.startswith(start)), message)
    return f"{rule}{separator}{expression}"


def _entry_profiles(name: str, value: Any) -> dict[str, Any]:
    """``{"rule": "Patient:0", "profile": URL}``, or several in a list."""
    given = parse_json(value.encode()) if isinstance(value, str) else value
    rules = given if isinstance(given, list) else [given]
    if not all(isinstance(one, dict) and "rule" in one and "profile" in one for one in rules):
        raise InvalidError(f"setting {name}: rule and profile expected, {given!r} found")
    return {"entry_profiles": tuple((str(one["rule"]), str(one["profile"])) for one in rules)}


SETTINGS: Mapping[str, Callable[[str, Any], dict[str, Any]]] = {
    "advisor": _advisor,
    "allow-comments": _flag("allow_comments"),
    "allowed-extension-domain": lambda _, value: {
        "extension_domains": tuple(value) if isinstance(value, list) else (value,)
    },
    "assumeValidRestReferences": _flag("assume_rest_references"),
    "best-practice": _best_practice,
    "bundle-param": _entry_profiles,
    "examples": _flag("allow_example_urls"),
    "for-publication": _flag("for_publication"),
    "language": lambda _, value: {"language": str(value)},
    "no-experimental-content": _flag("refuse_experimental"),
    "noHtmlInMarkdown": _flag("refuse_html"),
    "security-checks": _flag("check_security"),
    "validateContains": lambda _, value: {"check_contained": value != "IGNORE"},
    "validateReference": lambda name, value: {"references": _FOLLOWED[_one_of(name, value, tuple(_FOLLOWED))]},
    "wrong-displays": lambda name, value: {"wrong_displays": _one_of(name, value, ("error", "warning"))},
}
"""Name of a setting to what it makes of the options."""


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise InvalidError(f"setting {name}: {' or '.join(allowed)} expected, '{value}' found")
    return str(value)


def _parts(resource: Resource) -> Iterator[Resource]:
    """The resource, or those of a Bundle of definitions."""
    if resource.get("resourceType") != "Bundle":
        yield resource
        return
    for entry in resource.get("entry", ()):
        if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
            yield entry["resource"]


def _in_archive(package: Path) -> list[Resource]:
    import tarfile  # noqa: PLC0415  (with all its ways of packing; few runs need it)

    try:
        with tarfile.open(package) as archive:
            return [resource for member in archive if (resource := _member(archive, member))]
    except FileNotFoundError as error:
        raise NotFoundError(f"{package}: no such file") from error
    except (tarfile.TarError, EOFError, OSError) as error:
        raise MalformedError(f"{package}: a FHIR package (.tgz) expected: {error}") from error


def _is_resource_file(name: Path) -> bool:
    """Directly in ``package/``; a name that starts with a dot is an index, or what macOS adds to archives."""
    return name.suffix == ".json" and len(name.parts) == 2 and not name.name.startswith(".")


def _member(archive: "tarfile.TarFile", member: "tarfile.TarInfo") -> Resource | None:
    """A conformance resource of an archive; None for the manifest, an index, an example."""
    name = Path(member.name)
    file = archive.extractfile(member) if _is_resource_file(name) else None
    if file is None:
        return None
    try:
        value = parse_json(file.read())
    except MalformedError as error:
        raise MalformedError(f"{member.name}: {error}") from error
    return value if isinstance(value, dict) and isinstance(value.get("url"), str) and "resourceType" in value else None
