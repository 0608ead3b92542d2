import pytest

from careloom.search.expressions import Branch, branches, relative_branch

ANCESTORS = {"Patient": {"Patient", "DomainResource", "Resource"}}


def is_a(type: str, ancestor: str) -> bool:
    return ancestor in ANCESTORS.get(type, {type})


@pytest.mark.parametrize(
    ("expression", "type", "expected"),
    [
        ("Patient.name | Person.name", "Patient", [Branch("Patient.name", ("name",), first="name")]),
        ("Resource.meta.tag", "Patient", [Branch("Patient.meta.tag", ("meta", "tag"), first="meta")]),
        (
            "AllergyIntolerance.patient | Encounter.subject.where(resolve() is Patient)",
            "Encounter",
            [Branch("Encounter.subject", ("subject",), "Patient", "subject")],
        ),
        (
            "(Observation.value as Quantity)",
            "Observation",
            [Branch("Observation.value.ofType(Quantity)", first="value", of_types=("Quantity",))],
        ),
        (
            "(Observation.value as string) | (Observation.value as CodeableConcept).text",
            "Observation",
            [
                Branch("Observation.value.ofType(string)", first="value", of_types=("string",)),
                Branch("Observation.value.ofType(CodeableConcept).text", first="value", of_types=("CodeableConcept",)),
            ],
        ),
        (
            "Condition.onset.as(Age) | Condition.onset.as(Range)",
            "Condition",
            [
                Branch("Condition.onset.ofType(Age)", first="onset", of_types=("Age",)),
                Branch("Condition.onset.ofType(Range)", first="onset", of_types=("Range",)),
            ],
        ),
        (
            "Patient.deceased.exists() and Patient.deceased != false",
            "Patient",
            [Branch("Patient.deceased.exists() and Patient.deceased != false")],
        ),
        (
            "Patient.telecom.where(system='a|b') | Person.telecom",
            "Patient",
            [Branch("Patient.telecom.where(system='a|b')", first="telecom")],
        ),
        (
            "Patient.extension('http://x.example/a')",
            "Patient",
            [Branch("Patient.extension('http://x.example/a').value")],
        ),
        ("Patient.contained.where(a | b)", "Patient", [Branch("Patient.contained.where(a | b)", first="contained")]),
        ("PatientX.name", "Patient", []),
        ("", "Patient", []),
    ],
)
def test_an_expression_is_cut_down_to_one_type(expression: str, type: str, expected: list[Branch]) -> None:
    assert tuple(expected) == branches(expression, type, is_a)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("code", Branch("code", ("code",), first="code")),
        ("value.as(Quantity)", Branch("value.ofType(Quantity)", first="value", of_types=("Quantity",))),
        (
            "value.as(Quantity) | value.as(Range)",
            Branch("value.ofType(Quantity) | value.ofType(Range)", first="value", of_types=("Quantity", "Range")),
        ),
        ("value.as(DateTime)", Branch("value.ofType(dateTime)", first="value", of_types=("dateTime",))),
        ("%resource.referenceSeq.chromosome", Branch("%resource.referenceSeq.chromosome")),
        ("a | b.as(Range)", Branch("a | b.ofType(Range)")),
    ],
)
def test_the_expression_of_a_component_begins_at_its_composite(expression: str, expected: Branch) -> None:
    assert relative_branch(expression) == expected
