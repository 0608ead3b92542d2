"""The UK Core definitions judged as resources: each known defect with file, element and line, and nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from careloom.definitions import Definitions
from careloom.validation import Validator, validate_text
from careloom.validation.inputs import layered

FOLDERS = ("structuredefinitions", "valuesets", "codesystems", "conceptmaps")


class Finding(NamedTuple):
    file: str
    severity: str
    rule: str
    element: str
    line: int


SLICE_NAME = Finding(
    "UKCore-Specimen.xml", "error", "slice-name", "StructureDefinition.differential.element[7].sliceName", 86
)
VALUE_SETS = {
    "Extension-UKCore-RelatedProblemHeader.xml": "StructureDefinition/ConditionRelationship",
    "UKCore-Device-BloodPressure.xml": "UKCore-BloodPressureDeviceType",
}
ON_EXTENSIONS = {
    Finding(f"Extension-UKCore-{name}.xml", "error", "element-type", f"StructureDefinition.differential.{place}", line)
    for name, place, line in (
        ("DiagnosticReportSupportingInfo", "element[2].binding", 62),
        ("FamilyMemberHistoryParticipant", "element[2].binding", 54),
        ("ObservationTriggeredBy", "element[6].binding", 79),
    )
}


@pytest.fixture(scope="module")
def told(ukcore: Path, definitions: Definitions) -> list[tuple[Finding, str]]:
    """What the structure definitions are told, with the message."""
    files = (file for folder in FOLDERS for file in sorted((ukcore / folder).glob("*.xml")))
    return list(findings(Validator(layered(definitions, files=files)), ukcore / "structuredefinitions"))


def findings(validator: Validator, folder: Path) -> Iterator[tuple[Finding, str]]:
    for file in sorted(folder.glob("*.xml")):
        for issue in validate_text(validator, file.read_bytes(), file_name=file.name).issues:
            yield Finding(file.name, issue.severity, issue.rule, issue.expression, issue.line), issue.diagnostics


def test_the_slice_that_has_two_names_is_told(told: list[tuple[Finding, str]]) -> None:
    assert [finding for finding, _ in told if finding.rule == "slice-name"] == [SLICE_NAME]


def test_the_six_value_sets_that_are_nowhere_are_told(told: list[tuple[Finding, str]]) -> None:
    found = {finding.file: message for finding, message in told if finding.rule == "value-set"}
    assert len(found) == 6
    assert all(name in found[file] for file, name in VALUE_SETS.items())


def test_the_three_value_sets_bound_to_extensions_are_told(told: list[tuple[Finding, str]]) -> None:
    assert {finding for finding, _ in told if finding.rule == "element-type"} == ON_EXTENSIONS


def test_an_extension_that_nobody_defines_is_told(ukcore: Path, definitions: Definitions) -> None:
    files = sorted((ukcore / "structuredefinitions").glob("*.xml"))
    example = ukcore / "examples" / "Extension-UKCore-RecordingSetting-Example.xml"
    report = validate_text(Validator(layered(definitions, files=files)), example.read_bytes(), file_name=example.name)
    (issue,) = [one for one in report.issues if "RcordingSetting" in one.diagnostics]
    assert (issue.severity, issue.expression) == ("error", "Observation.extension[0]")
    assert b"RcordingSetting" in example.read_bytes().splitlines()[issue.line - 1]


def test_slices_that_are_narrowed_again_inside_slices_are_fine(told: list[tuple[Finding, str]]) -> None:
    trap = "UKCore-Observation-VitalSigns-BloodPressure.xml"
    assert [finding for finding, _ in told if finding.file == trap] == []


def test_nothing_else_is_told(told: list[tuple[Finding, str]]) -> None:
    assert {finding.rule for finding, _ in told} == {"slice-name", "value-set", "element-type"}
