"""What is asked of every resource, as plain values: a process that gets it can make the same validator."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from careloom.definitions import Definitions, PackageCache
from careloom.definitions.kept import KeptFolder
from careloom.model import parse_json
from careloom.model.errors import InvalidError, MalformedError
from careloom.model.records import dataclass
from careloom.terminology.formal.known_units import KNOWN_UNITS
from careloom.terminology.sources import TerminologySources
from careloom.validation.batch.ignoring import IgnoreEntry
from careloom.validation.context import Resolve
from careloom.validation.inputs import SETTINGS, layered, options_from, resolver
from careloom.validation.validator import Validator

CORE = "hl7.fhir.r4.core@4.0.1"
_ARCHIVES = (".tgz", ".tar.gz")


@dataclass(frozen=True, slots=True)
class Question:
    """By what to judge.

    Attributes:
        profiles: Canonical URLs that every resource must conform to.
        packages: NAME@VERSION as installed, or FILE.tgz, on top of FHIR R4 core.
        definitions: Files with definitions.
        references: REF=FILE, the resource behind a reference.
        settings: NAME=VALUE, as the HL7 validator names its settings.
        ignored: Findings to keep silent; those that have expired are left out.
        terminology: Where codes are looked up besides the definitions.
    """

    profiles: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    definitions: tuple[Path, ...] = ()
    references: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    ignored: tuple[IgnoreEntry, ...] = ()
    terminology: TerminologySources = TerminologySources()

    def validator(self) -> Validator:
        """A validator that answers it.

        Raises:
            NotFoundError: A package, a file or a profile is not there.
            DefinitionError: One of the profiles is broken.
            MalformedError: A package or a definition cannot be read.
            InvalidError: A setting cannot have its value.
        """
        options = options_from(_settings(self.settings))
        _files(self.references)
        archives = [Path(package) for package in self.packages if package.endswith(_ARCHIVES)]
        installed = [package for package in self.packages if not package.endswith(_ARCHIVES)]
        kept = KeptFolder.of_user()
        KNOWN_UNITS.recall(kept)
        cache = PackageCache(kept=kept)
        known = layered(Definitions.load([CORE, *installed], cache=cache), files=self.definitions, packages=archives)
        validator = Validator(known, terminology=self.terminology.open(known), options=options)
        for profile in self.profiles:
            validator.library.schema(profile, asked_by="the request")
        return validator

    def resolve(self, definitions: Definitions) -> Resolve | None:
        """What stands behind references; None where nothing is known, which is judged three times as fast."""
        if not self.references:
            return None
        return resolver(_files(self.references), definitions)


def in_force(entries: tuple[IgnoreEntry, ...], today: date) -> tuple[IgnoreEntry, ...]:
    """The entries of an ignore file that have not expired."""
    return tuple(entry for entry in entries if not entry.is_expired(today))


def _settings(texts: tuple[str, ...]) -> Mapping[str, Any]:
    """Settings by name; one that means nothing to us is refused, since who sets it means something by it."""
    given = {name: _setting_value(text) for name, text in _pairs("setting: NAME=VALUE", texts)}
    for name in given.keys() - SETTINGS.keys():
        raise InvalidError(f"setting: one of {', '.join(SETTINGS)} expected, '{name}' found")
    return given


def _files(texts: tuple[str, ...]) -> Mapping[str, Path]:
    return {reference: Path(file) for reference, file in _pairs("resolve: REF=FILE", texts)}


def _pairs(form: str, texts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """What stands before the first ``=`` and behind it."""
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise InvalidError(f"{form} expected, '{text}' found")
        yield name, value


def _setting_value(text: str) -> Any:
    """A setting as JSON where it is JSON, as text otherwise."""
    try:
        return parse_json(text)
    except MalformedError:
        return text
