"""Which version of a code system is meant, where a value set or a caller leaves it open.

Source: FHIR R4, ValueSet $expand, parameters ``system-version``, ``force-system-version``, ``check-system-version``.
"""

from collections.abc import Iterable

from careloom.definitions.versions import version_matches
from careloom.model.errors import InvalidError
from careloom.model.records import dataclass

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SystemVersions:
    """Versions of code systems that a caller asks for, each as (system, version).

    Attributes:
        default: Where the value set names none.
        force: Whatever the value set says.
        check: What the value set must agree with.
    """

    default: Pairs = ()
    force: Pairs = ()
    check: Pairs = ()

    @classmethod
    def of(
        cls, *, default: Iterable[str] = (), force: Iterable[str] = (), check: Iterable[str] = ()
    ) -> "SystemVersions":
        """From canonicals ``system|version``.

        Raises:
            InvalidError: One has no version.
        """
        return cls(*(tuple(map(_pair, canonicals)) for canonicals in (default, force, check)))

    def canonical(self, system: str, version: str) -> str:
        """What to look for: ``system`` or ``system|version``.

        Raises:
            InvalidError: The version that comes out is not the one that ``check`` asks for.
        """
        chosen = _of(self.force, system) or version or _of(self.default, system) or _of(self.check, system)
        expected = _of(self.check, system)
        if expected and not is_version(chosen, expected):
            raise InvalidError(f"version {expected} of {system} expected, the value set draws on {chosen}")
        return f"{system}|{chosen}" if chosen else system


ANY_VERSION = SystemVersions()
"""Nobody asks for a version."""


def is_version(version: str, asked: str) -> bool:
    """Whether a version is the one asked for; ``1.2`` takes ``1.2.x``, an edition of SNOMED CT any version of it."""
    return version_matches(version, asked) or version.startswith(f"{asked}/")


def _of(pairs: Pairs, system: str) -> str:
    return next((version for each, version in pairs if each == system), "")


def _pair(canonical: str) -> tuple[str, str]:
    system, mark, version = canonical.partition("|")
    if not mark or not version:
        raise InvalidError(f"a code system with its version (system|version) expected, found {canonical!r}")
    return system, version
