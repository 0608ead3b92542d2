"""Snapshots against those that others made, and of UK Core, which has none."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.suites.conftest import Tell

from careloom.definitions import Definitions
from careloom.definitions.packages import read_folder
from careloom.model import Resource

FLOOR = 0.97
REASONS = Path(__file__).with_name("snapshot_differences.yaml")


@dataclass(frozen=True)
class Difference:
    definition: str
    element: str
    kind: str
    shipped: Any
    ours: Any


@dataclass(frozen=True)
class Comparison:
    elements: int
    differences: tuple[Difference, ...]

    @property
    def equal(self) -> int:
        """How many elements are the same in all compared facts."""
        return self.elements - len({(found.definition, found.element) for found in self.differences})


def facts(element: dict[str, Any]) -> dict[str, Any]:
    """What two snapshots must say alike of an element."""
    binding, slicing = element.get("binding", {}), element.get("slicing")
    return {
        "min": element["min"],
        "max": element["max"],
        "type": sorted(
            (type["code"], sorted(type.get("profile", ())), sorted(type.get("targetProfile", ())))
            for type in element.get("type", ())
        ),
        "binding": (binding.get("strength"), binding.get("valueSet")),
        "value": {key: value for key, value in element.items() if key.startswith(("fixed", "pattern"))},
        "slicing": slicing
        and (
            sorted((found["type"], found["path"]) for found in slicing.get("discriminator", ())),
            slicing.get("rules"),
        ),
        "constraint": sorted({constraint["key"] for constraint in element.get("constraint", ())}),
    }


def differences(definition: Resource, made: Resource) -> Iterator[Difference]:
    shipped = {element["id"]: facts(element) for element in definition["snapshot"]["element"]}
    ours = {element["id"]: facts(element) for element in made["snapshot"]["element"]}
    for id in {**shipped, **ours}:
        if id not in ours:
            yield Difference(definition["id"], id, "missing", "there", "not there")
        elif id not in shipped:
            yield Difference(definition["id"], id, "extra", "not there", "there")
        else:
            for kind, value in shipped[id].items():
                if value != ours[id][kind]:
                    yield Difference(definition["id"], id, kind, value, ours[id][kind])


@pytest.fixture(scope="module")
def constraints(definitions: Definitions) -> list[Resource]:
    """The constraints of the specification that come with differential and snapshot."""
    found = definitions.all("StructureDefinition")
    return [it for it in found if it.get("derivation") == "constraint" and {"snapshot", "differential"} <= it.keys()]


@pytest.fixture(scope="module")
def comparison(definitions: Definitions, constraints: list[Resource]) -> Comparison:
    elements, found = 0, list[Difference]()
    for definition in constraints:
        bare = {key: value for key, value in definition.items() if key != "snapshot"}
        made = definitions.with_resources([bare]).structure(definition["url"])
        ids = {element["id"] for structure in (definition, made) for element in structure["snapshot"]["element"]}
        elements += len(ids)
        found.extend(differences(definition, made))
    return Comparison(elements, tuple(found))


@pytest.fixture(scope="module")
def reasons() -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = yaml.safe_load(REASONS.read_text())
    return content


def covers(reason: dict[str, Any], difference: Difference) -> bool:
    return (
        reason["definition"] == difference.definition
        and reason["kind"] == difference.kind
        and any(re.fullmatch(pattern, difference.element) for pattern in reason["elements"])
    )


def test_the_specification_has_the_constraints_that_we_measure_by(constraints: list[Resource]) -> None:
    assert len(constraints) == 439


def test_snapshots_are_those_of_the_specification(comparison: Comparison, tell: Tell) -> None:
    share = comparison.equal / comparison.elements
    tell(f"snapshots: {comparison.equal} of {comparison.elements} elements equal ({share:.2%})")
    assert share >= FLOOR


def test_every_difference_has_a_reason(comparison: Comparison, reasons: list[dict[str, Any]]) -> None:
    unexplained = [found for found in comparison.differences if not any(covers(reason, found) for reason in reasons)]
    assert unexplained == []


def test_every_reason_is_needed(comparison: Comparison, reasons: list[dict[str, Any]]) -> None:
    idle = [reason for reason in reasons if not any(covers(reason, found) for found in comparison.differences)]
    assert idle == []


def test_making_a_snapshot_twice_gives_the_same_bytes(definitions: Definitions, constraints: list[Resource]) -> None:
    bare = [{key: value for key, value in it.items() if key != "snapshot"} for it in constraints[:80]]
    one, other = (definitions.with_resources(bare), definitions.with_resources(list(reversed(bare))))
    assert [one.structure(it["url"]) for it in bare] == [other.structure(it["url"]) for it in bare]


def test_uk_core_gets_all_its_snapshots(definitions: Definitions, ukcore: Path, tell: Tell) -> None:
    content = read_folder(ukcore / "structuredefinitions", lambda: definitions.types)
    profiles = list(content.resources.values())
    layer = definitions.with_resources(profiles)
    snapshots = [layer.snapshot(profile["url"]) for profile in profiles]
    tell(f"UK Core: {len(snapshots)} of {len(profiles)} snapshots made")
    assert len(snapshots) == 153
    assert [issue.diagnostics for snapshot in snapshots for issue in snapshot.issues] == [
        "Specimen.collection.extension:CollectorR5: the id names the slice CollectorR5, sliceName says collectorR5"
    ]


def test_uk_core_blood_pressure_narrows_the_slices_it_inherits(definitions: Definitions, ukcore: Path) -> None:
    content = read_folder(ukcore / "structuredefinitions", lambda: definitions.types)
    url = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns-BloodPressure"
    structure = definitions.with_resources(content.resources.values()).structure(url)
    elements = {element["id"]: element for element in structure["snapshot"]["element"]}
    assert len(elements) == len(structure["snapshot"]["element"])
    assert elements["Observation.component:SystolicBP.code.coding:loinc.system"]["fixedUri"] == "http://loinc.org"
    assert elements["Observation.component:SystolicBP.code.coding:loinc.code"]["fixedCode"] == "8480-6"
