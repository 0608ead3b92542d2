"""The UK Core examples against their profiles: no false alarm, no true defect missed."""

import tomllib
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

import pytest
from tests.suites.conftest import Tell

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.validation import Validator, validate_text
from careloom.validation.inputs import layered, read_resource

DEFECTS = Path(__file__).with_name("ukcore_defects.toml")
FOLDERS = ("structuredefinitions", "valuesets", "codesystems", "conceptmaps")

Finding = tuple[str, str]
"""(file name of the example, expression of the element)"""


class UkCore:
    """The data copy of UK Core: its definitions over core, and its examples with their profiles."""

    def __init__(self, root: Path, core: Definitions) -> None:
        self._root = root
        self._core = core

    @cached_property
    def definitions(self) -> Definitions:
        return layered(
            self._core, files=(file for folder in FOLDERS for file in sorted((self._root / folder).glob("*.xml")))
        )

    @cached_property
    def examples(self) -> list[Path]:
        return sorted((self._root / "examples").glob("*.xml"))

    @cached_property
    def profiles(self) -> dict[str, Resource]:
        files = (self._root / "structuredefinitions").glob("*.xml")
        return {file.stem: read_resource(file, self._core) for file in files}

    def profile_of(self, example: Path) -> str | None:
        """By the file-name rule: the longest name of a definition that the example's name starts with."""
        names = sorted((name for name in self.profiles if example.stem.startswith(f"{name}-")), key=len)
        found = self.profiles[names[-1]] if names else None
        return str(found["url"]) if found and found["type"] != "Extension" else None


@pytest.fixture(scope="module")
def uk(ukcore: Path, definitions: Definitions) -> UkCore:
    return UkCore(ukcore, definitions)


def test_every_error_is_a_listed_defect_and_every_listed_defect_an_error(uk: UkCore, tell: Tell) -> None:
    found, defects = set(told(uk)), set(listed())
    tell(
        f"UK Core: {len(uk.examples)} examples, {len(found - defects)} false errors, "
        f"{len(found & defects)} of {len(defects)} listed defects told"
    )
    assert sorted(found) == sorted(defects)


def test_most_examples_have_a_profile_by_their_name(uk: UkCore) -> None:
    assert len(uk.examples) == 131
    assert sum(uk.profile_of(example) is not None for example in uk.examples) == 90


def test_every_profile_compiles(uk: UkCore) -> None:
    library = Validator(uk.definitions).library
    for profile in uk.profiles.values():
        library.schema(profile["url"])


def told(uk: UkCore) -> Iterator[Finding]:
    validator = Validator(uk.definitions)
    for example in uk.examples:
        profile = uk.profile_of(example)
        profiles = [profile] if profile else []
        report = validate_text(validator, example.read_bytes(), file_name=example.name, profiles=profiles)
        yield from ((example.name, issue.expression) for issue in report.issues if issue.is_error)


def listed() -> Iterable[Finding]:
    defects = tomllib.loads(DEFECTS.read_text("utf-8"))["defect"]
    return {(defect["example"], element) for defect in defects for element in defect["elements"]}
