"""The section ``[definitions]``: which FHIR definitions are in force."""

import re
from pathlib import Path
from typing import Final

from careloom.model.records import dataclass
from careloom.settings.tables import Table

CORE_PACKAGE: Final = "hl7.fhir.r4.core@4.0.1"

_PACKAGE: Final = re.compile(r"[a-z0-9][a-z0-9.-]*@[A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class DefinitionSettings:
    """Which FHIR definitions are in force: packages as ``NAME@VERSION``, and folders on top of them."""

    packages: tuple[str, ...]
    directories: tuple[Path, ...]


def read_definitions(root: Table) -> DefinitionSettings:
    """The section of a settings file; what is wrong with it becomes a complaint."""
    with root.table("definitions") as definitions:
        packages = definitions.texts("packages", (CORE_PACKAGE,), pattern=_PACKAGE, form="NAME@VERSION")
        return DefinitionSettings(packages, definitions.paths("directories"))
