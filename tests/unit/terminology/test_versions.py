"""Versions of code systems: what the value set names, what a caller adds, forces or checks."""

import pytest
from tests.unit.terminology.building import CS, VS, code_system, concept, terminology, value_set

from careloom.model import Resource
from careloom.model.errors import InvalidError
from careloom.terminology import ExpansionRequest, SystemVersions
from careloom.terminology.versions import is_version


def of_version(version: str) -> Resource:
    return code_system(concept(f"only-{version}"), version=version)


def expanded(include: Resource, **versions: list[str]) -> list[str]:
    made = terminology(of_version("1.0"), of_version("2.0"), value_set(include))
    request = ExpansionRequest(versions=SystemVersions.of(**versions))
    return [entry.code for entry in made.expand(VS, request).entries]


def test_the_newest_version_is_meant_where_none_is_named() -> None:
    assert ["only-2.0"] == expanded({"system": CS})


def test_the_value_set_names_a_version_or_its_start() -> None:
    assert ["only-1.0"] == expanded({"system": CS, "version": "1.0"})
    assert ["only-1.0"] == expanded({"system": CS, "version": "1"})


def test_a_default_counts_only_where_the_value_set_names_none() -> None:
    assert ["only-1.0"] == expanded({"system": CS}, default=[f"{CS}|1.0"])
    assert ["only-2.0"] == expanded({"system": CS, "version": "2.0"}, default=[f"{CS}|1.0"])


def test_a_forced_version_counts_always() -> None:
    assert ["only-1.0"] == expanded({"system": CS, "version": "2.0"}, force=[f"{CS}|1.0"])


def test_a_checked_version_that_differs_is_an_error() -> None:
    assert ["only-2.0"] == expanded({"system": CS, "version": "2.0"}, check=[f"{CS}|2"])
    with pytest.raises(InvalidError, match=r"version 2 of .* expected"):
        expanded({"system": CS, "version": "1.0"}, check=[f"{CS}|2"])


def test_a_version_that_is_not_here_is_unknown_rather_than_another() -> None:
    made = terminology(of_version("1.0"), value_set({"system": CS, "version": "3.0"}))
    answer = made.validate_code(VS, system=CS, code="only-1.0")
    assert "unknown" == answer.result
    assert f"{CS}|3.0" in answer.message


def test_a_canonical_without_version_is_refused() -> None:
    with pytest.raises(InvalidError, match=r"system\|version"):
        SystemVersions.of(default=[CS])


def test_an_edition_takes_any_version_of_it() -> None:
    assert is_version("http://snomed.info/sct/83821000000107/version/20260401", "http://snomed.info/sct/83821000000107")
    assert not is_version("http://snomed.info/sct/9000", "http://snomed.info/sct/900")
