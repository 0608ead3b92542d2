"""``_filter`` by the table of operators in FHIR R4, 3.1.3.2."""

from typing import Any

import pytest
from tests.properties.search_cases import CODES
from tests.unit.search.population import Held, resource, to

from careloom.definitions import Definitions
from careloom.model import ExactDecimal
from careloom.model.errors import InvalidError, TooCostlyError
from careloom.search import Limits, SearchParameters, match, parse_query, query_string

UCUM = "http://unitsofmeasure.org"


@pytest.fixture(scope="module")
def coded(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, codes=CODES)


PATIENT = resource(
    "Patient/1",
    name=[{"family": "Petersen-Ø", "given": ["Anna Maria"]}],
    birthDate="1990-05",
    active=True,
    identifier=[{"system": "http://loinc.org", "value": "7"}],
    managingOrganization=to("Organization/1"),
)
OBSERVATION = resource(
    "Observation/1",
    code={"coding": [{"system": "http://one.example", "code": "a"}]},
    valueQuantity={"value": ExactDecimal("5.4"), "system": UCUM, "code": "g"},
    effectivePeriod={"start": "2020-01-10", "end": "2020-01-20"},
)
RISK = resource("RiskAssessment/1", prediction=[{"probabilityDecimal": ExactDecimal("0.5")}])


@pytest.mark.parametrize(
    ("subject", "filter", "expected"),
    [
        (PATIENT, 'family eq "petersen-o"', False),
        (PATIENT, 'family eq "PETERSEN-Ø"', True),
        (PATIENT, "family eq petersen", False),
        (PATIENT, "family co ters", True),
        (PATIENT, "family sw peter", True),
        (PATIENT, "family ew ø", True),
        (PATIENT, "family ew peter", False),
        (PATIENT, "family ne jones", True),
        (PATIENT, 'family ne "petersen-ø"', False),
        (PATIENT, "address-city ne leeds", False),
        (PATIENT, 'given eq "anna maria"', True),
        (PATIENT, "family gt pa and family lt pf", True),
        (PATIENT, "family ge q", False),
        (PATIENT, "birthdate ge 1990 and birthdate lt 1991", True),
        (PATIENT, "birthdate eq 1990-06", False),
        (PATIENT, "birthdate po 1990-05-17", True),
        (PATIENT, "birthdate po 1990-06-17", False),
        (PATIENT, "birthdate co 1990-05-17", True),
        (PATIENT, "birthdate co 1990", False),
        (PATIENT, "birthdate pr true", True),
        (PATIENT, "death-date pr true", False),
        (PATIENT, "death-date pr false", True),
        (PATIENT, "active eq true", True),
        (PATIENT, "identifier eq loinc|7", True),
        (PATIENT, "identifier eq snomed|7", False),
        (PATIENT, "id eq 1", True),
        (PATIENT, "organization re Organization/1", True),
        (PATIENT, "organization ne Organization/2", True),
        (PATIENT, "not (active eq true)", False),
        (PATIENT, "not(active eq false)and(birthdate pr true)", True),
        (PATIENT, "active eq false and active eq true or birthdate pr true", True),
        (PATIENT, "birthdate pr true or active eq true and active eq false", False),
        (OBSERVATION, "value-quantity gt 5|http://unitsofmeasure.org|g", True),
        (OBSERVATION, "value-quantity eq 5400|http://unitsofmeasure.org|mg", True),
        (OBSERVATION, "value-quantity lt 5|http://unitsofmeasure.org|g", False),
        (OBSERVATION, "date sa 2020-01-05", True),
        (OBSERVATION, "date eb 2020-01-15", False),
        (OBSERVATION, "date ap 2020-01", True),
        (OBSERVATION, "code in http://sets.example/some", True),
        (OBSERVATION, "code ni http://sets.example/some", False),
        (OBSERVATION, "code ss http://one.example|b", True),
        (OBSERVATION, "code ss http://one.example|A", False),
        (OBSERVATION, "code sb http://one.example|A", True),
        (RISK, "probability co 0.5", True),
        (RISK, "probability co 0.51", False),
        (RISK, "probability ne 0.4", True),
    ],
)
def test_an_operator_means_what_the_table_says(
    coded: SearchParameters, subject: dict[str, Any], filter: str, expected: bool
) -> None:
    query = parse_query(subject["resourceType"], [("_filter", filter)], coded, strict=True)
    assert match(query, subject, coded) is expected


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ("organization.name eq ward", ["Patient/1"]),
        ("organization[active eq true].name eq ward", ["Patient/1"]),
        ("organization[active eq false].name eq ward", []),
        ("organization.partof.name sw north", ["Patient/1"]),
        ("_has:Observation:patient:status eq final", ["Patient/1"]),
        ("_has:Observation:patient:status eq amended", []),
    ],
)
def test_a_path_leads_to_other_resources(coded: SearchParameters, filter: str, expected: list[str]) -> None:
    record = Held(
        coded,
        PATIENT,
        resource("Organization/1", name="Ward", active=True, partOf=to("Organization/2")),
        resource("Organization/2", name="Northern"),
        resource("Observation/2", subject=to("Patient/1"), status="final"),
    )
    assert record.found(parse_query("Patient", [("_filter", filter)], coded, strict=True)) == expected


@pytest.mark.parametrize(
    ("filter", "message"),
    [
        ("name", "an operator expected at character 5, found the end"),
        ("name eq", "a value expected at character 8, found the end"),
        ('name eq "a', "a value expected at character 9"),
        ("name xx a", "one of the operators"),
        ("(name eq a", "a closing bracket expected at character 11"),
        ("name eq a)", "and, or, or the end expected at character 10, found ')'"),
        ("name eq a birthdate pr true", "and, or, or the end expected at character 11"),
        ("name eq a and", "the name of a search parameter expected"),
        ("9 eq a", "the name of a search parameter expected at character 1"),
        ("name pr maybe", "true or false expected, found 'maybe'"),
        ("birthdate sw 19", "operators of the date parameter birthdate are pr, eq, ne"),
        ("name re Patient/1", "operators of the string parameter name are"),
        ("birthdate eq never", "a date such as"),
        ("name[given eq a].family eq b", "name: brackets and names behind a dot go with reference parameters alone"),
        ("organization[name eq a] eq b", "a name behind organization[…] expected"),
        ('name eq "\\x"', "a JSON string expected"),
    ],
)
def test_what_is_no_filter_is_refused(coded: SearchParameters, filter: str, message: str) -> None:
    with pytest.raises(InvalidError) as raised:
        parse_query("Patient", [("_filter", filter)], coded)
    assert f"_filter: {message}" in str(raised.value)


@pytest.mark.parametrize("filter", ["(" * 50 + "name pr true" + ")" * 50, " or ".join(["name pr true"] * 150)])
def test_a_filter_without_measure_is_refused(definitions: Definitions, filter: str) -> None:
    with pytest.raises(TooCostlyError, match="_filter: at most"):
        parse_query("Patient", [("_filter", filter)], SearchParameters(definitions, limits=Limits(length=10_000)))


def test_a_filter_is_printed_as_it_came(coded: SearchParameters) -> None:
    text = 'name co "van  der" and not (active eq false)'
    query = parse_query("Patient", [("_filter", text)], coded)
    assert query_string(query) == "_filter=name%20co%20%22van%20%20der%22%20and%20not%20(active%20eq%20false)"
