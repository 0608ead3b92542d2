from math import inf
from time import process_time
from typing import Any

import pytest

from careloom.definitions import Definitions
from careloom.model import ExactDecimal
from careloom.model.errors import NotFoundError
from careloom.search import SearchParameters, in_order, index_values, parse_query
from careloom.search.dates import date_interval
from careloom.search.values import (
    BEGINNING_OF_TIME,
    END_OF_TIME,
    Canonical,
    DateValue,
    NumberValue,
    QuantityValue,
    ReferenceValue,
    StringValue,
    TokenValue,
    UriValue,
)

GENDER = "http://hl7.org/fhir/administrative-gender"
UCUM = "http://unitsofmeasure.org"


def patient(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "1", **elements}


def observation(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": "1", **elements}


def tokens(registry: SearchParameters, resource: dict[str, Any], key: str) -> tuple[TokenValue, ...]:
    return index_values(resource, registry).tokens.get(key, ())


def dates(registry: SearchParameters, resource: dict[str, Any], key: str) -> tuple[DateValue, ...]:
    return index_values(resource, registry).dates.get(key, ())


def date(registry: SearchParameters, start: str, end: str | None = None) -> DateValue:
    low, high = date_interval(start, registry.zone), date_interval(end or start, registry.zone)
    assert low is not None
    assert high is not None
    return DateValue(low[0], high[1])


# token


def test_a_coding_is_its_system_and_code_and_its_texts_go_aside(registry: SearchParameters) -> None:
    code = {
        "coding": [{"system": "s", "code": "a", "display": "Fièvre"}, {"code": "b"}, {"system": "t"}],
        "text": "Hot",
    }
    values = index_values(observation(code=code), registry)
    assert (TokenValue("s", "a"), TokenValue("", "b"), TokenValue("t", "")) == values.tokens["code"]
    assert (StringValue("fievre", "Fièvre"), StringValue("hot", "Hot")) == values.strings["code:text"]


def test_a_concept_with_text_alone_is_present_and_has_no_token(registry: SearchParameters) -> None:
    values = index_values(observation(code={"text": "Hot"}), registry)
    assert "code" in values.present
    assert "code" not in values.tokens


def test_an_identifier_is_its_system_and_value(registry: SearchParameters) -> None:
    identifier = [{"system": "s", "value": "1", "type": {"text": "MRN"}}, {"value": "2"}]
    assert (TokenValue("s", "1"), TokenValue("", "2")) == tokens(registry, patient(identifier=identifier), "identifier")


def test_an_identifier_without_a_value_is_found_by_its_system_and_sorted_as_none(registry: SearchParameters) -> None:
    unknown = patient(id="unknown", identifier=[{"system": "s", "type": {"coding": [{"code": "MR"}]}}])
    values = index_values(unknown, registry)
    assert (TokenValue("s", ""),) == values.tokens["identifier"]
    assert "identifier:of-type" not in values.tokens
    known = index_values(patient(id="known", identifier=[{"value": "1"}]), registry)
    by_identifier = parse_query("Patient", [("_sort", "identifier")], registry, strict=True)
    assert in_order(by_identifier, [(values, "unknown"), (known, "known")]) == ["known", "unknown"]


def test_references_are_sorted_by_what_they_lead_to_whatever_the_version(registry: SearchParameters) -> None:
    subjects = ["Patient/1", "Patient/1/_history/2", "http://far.example/Patient/1", "http://far.example/Patient/1|3"]
    values = [index_values(observation(subject={"reference": each}), registry) for each in subjects]
    for sort, order in (("subject", [0, 1, 2, 3]), ("-subject", [2, 3, 0, 1])):
        by_subject = parse_query("Observation", [("_sort", sort)], registry, strict=True)
        assert in_order(by_subject, list(zip(values, range(4), strict=True))) == order


def test_a_code_has_the_system_of_its_binding(registry: SearchParameters) -> None:
    assert (TokenValue(GENDER, "male"),) == tokens(registry, patient(gender="male"), "gender")


def test_a_boolean_is_a_special_value(registry: SearchParameters) -> None:
    special = TokenValue("http://terminology.hl7.org/CodeSystem/special-values", "true")
    assert (special,) == tokens(registry, patient(active=True), "active")
    assert (special,) == tokens(registry, patient(deceasedDateTime="2020"), "deceased")


def test_a_contact_point_is_its_value_and_a_filter_in_the_expression_counts(registry: SearchParameters) -> None:
    telecom = [{"system": "phone", "value": "0113"}, {"system": "email", "value": "a@example.org"}]
    values = index_values(patient(telecom=telecom), registry)
    assert (TokenValue(None, "0113"), TokenValue(None, "a@example.org")) == values.tokens["telecom"]
    assert (TokenValue(None, "a@example.org"),) == values.tokens["email"]


def test_an_id_and_a_plain_string_have_no_system_and_the_string_no_case(registry: SearchParameters) -> None:
    assert (TokenValue("", "aB"),) == tokens(registry, patient(id="aB"), "_id")
    medication = {"resourceType": "Medication", "batch": {"lotNumber": "LOT-7"}}
    assert (TokenValue("", "lot-7"),) == tokens(registry, medication, "lot-number")


# string


def test_a_name_gives_each_part_and_each_later_word(registry: SearchParameters) -> None:
    name = {"family": "Smith-Jones", "given": ["Zoë", "Ann"], "use": "official", "period": {"start": "2020"}}
    values = index_values(patient(name=[name]), registry)
    family = (StringValue("smith jones", "Smith-Jones"), StringValue("jones", ""))
    given = (StringValue("zoe", "Zoë"), StringValue("ann", "Ann"))
    assert family + given == values.strings["name"]
    assert family == values.strings["family"]
    assert given == values.strings["given"]


def test_an_address_gives_its_parts_but_not_its_use(registry: SearchParameters) -> None:
    address = {"use": "home", "line": ["12, High Street"], "city": "Leeds", "postalCode": "LS1 4AP"}
    values = index_values(patient(address=[address]), registry)
    assert {"12 high street", "leeds", "ls1 4ap"} == {value.folded for value in values.strings["address"]}
    assert (StringValue("leeds", "Leeds"),) == values.strings["address-city"]


# reference


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("Patient/1", [ReferenceValue("Patient/1", "Patient", "1")]),
        ("https://hub.example/fhir/Patient/1", [ReferenceValue("Patient/1", "Patient", "1")]),
        (
            "Patient/1/_history/2",
            [ReferenceValue("Patient/1", "Patient", "1"), ReferenceValue("Patient/1/_history/2")],
        ),
        ("http://other.example/fhir/Patient/1", [ReferenceValue("http://other.example/fhir/Patient/1")]),
        (
            "http://other.example/fhir/Patient/1/_history/2",
            [
                ReferenceValue("http://other.example/fhir/Patient/1/_history/2"),
                ReferenceValue("http://other.example/fhir/Patient/1"),
            ],
        ),
        ("urn:uuid:x", [ReferenceValue("urn:uuid:x")]),
        ("#p", []),
        ("not a reference", []),
    ],
)
def test_a_reference_is_local_or_an_absolute_address(
    registry: SearchParameters, reference: str, expected: list[ReferenceValue]
) -> None:
    values = index_values(observation(subject={"reference": reference}), registry)
    assert tuple(expected) == values.references.get("subject", ())
    assert "subject" in values.present


def test_a_parameter_for_one_type_takes_only_references_to_it(registry: SearchParameters) -> None:
    contained = [{"resourceType": "Patient", "id": "p"}]
    for subject, expected in [
        ({"reference": "Patient/1"}, True),
        ({"reference": "Group/1"}, False),
        ({"reference": "http://other.example/Patient/1"}, True),
        ({"reference": "#p"}, True),
        ({"reference": "#q"}, False),
        ({"type": "Patient", "identifier": {"value": "9"}}, True),
        ({"type": "Group", "identifier": {"value": "9"}}, False),
        ({"identifier": {"value": "9"}}, False),
    ]:
        values = index_values(observation(subject=subject, contained=contained), registry)
        assert expected is ("patient" in values.present), subject


def test_the_identifier_of_a_reference_goes_aside(registry: SearchParameters) -> None:
    subject = {"reference": "Patient/1", "identifier": {"system": "s", "value": "9"}}
    assert (TokenValue("s", "9"),) == tokens(registry, observation(subject=subject), "subject:identifier")


def test_a_canonical_is_found_with_and_without_its_version(registry: SearchParameters) -> None:
    response = {"resourceType": "QuestionnaireResponse", "questionnaire": "http://q.example/a|1.0"}
    values = index_values(response, registry).references["questionnaire"]
    assert (ReferenceValue("http://q.example/a|1.0"), ReferenceValue("http://q.example/a")) == values


def test_a_resource_in_a_bundle_is_referred_to_by_its_id(registry: SearchParameters) -> None:
    letter = {"resourceType": "Composition", "id": "c"}
    bundle = {"resourceType": "Bundle", "type": "document", "entry": [{"resource": letter}]}
    values = index_values(bundle, registry).references["composition"]
    assert (ReferenceValue("Composition/c", "Composition", "c"),) == values


# date


def test_dates_are_as_wide_as_they_are_precise_and_instants_a_point(registry: SearchParameters) -> None:
    assert (date(registry, "1990-05"),) == dates(registry, patient(birthDate="1990-05"), "birthdate")
    updated = patient(meta={"lastUpdated": "2020-01-01T00:00:00Z"})
    low = date(registry, "2020").low
    assert (DateValue(low, low + 1),) == dates(registry, updated, "_lastUpdated")


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ({"start": "2020-01", "end": "2020-03"}, ("2020-01-01", "2020-03-31")),
        ({"start": "2020-03", "end": "2020-01"}, None),
        ({}, None),
    ],
)
def test_a_period_ends_where_its_end_ends(
    registry: SearchParameters, period: dict[str, str], expected: tuple[str, str] | None
) -> None:
    values = dates(registry, observation(effectivePeriod=period), "date")
    assert ((date(registry, *expected),) if expected else ()) == values


def test_a_period_without_an_end_lasts_to_the_end_of_time(registry: SearchParameters) -> None:
    (opened,) = dates(registry, observation(effectivePeriod={"start": "2020"}), "date")
    (closed,) = dates(registry, observation(effectivePeriod={"end": "2020"}), "date")
    assert (END_OF_TIME, BEGINNING_OF_TIME) == (opened.high, closed.low)


def test_of_a_timing_the_outer_limits_matter(registry: SearchParameters) -> None:
    timing = {"event": ["2020-02-03", "2020-01-02"], "repeat": {"boundsPeriod": {"end": "2020-01-05", "start": "2020"}}}
    assert (date(registry, "2020-01-01", "2020-02-03"),) == dates(registry, observation(effectiveTiming=timing), "date")


# number, quantity, uri


def test_a_number_is_a_point_and_a_range_a_range(registry: SearchParameters) -> None:
    risk = {"resourceType": "RiskAssessment"}
    decimal = risk | {"prediction": [{"probabilityDecimal": ExactDecimal("0.80")}]}
    assert (NumberValue(0.8, 0.8),) == index_values(decimal, registry).numbers["probability"]


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ({"value": ExactDecimal("5.40"), "unit": "mg"}, QuantityValue(5.4, 5.4, unit="mg")),
        (
            {"value": 5, "system": UCUM, "code": "mg"},
            QuantityValue(5, 5, UCUM, "mg", canonical=Canonical(0.005, 0.005, "[mass]")),
        ),
        ({"value": 5, "comparator": "<"}, QuantityValue(-inf, 5)),
        ({"value": 5, "comparator": ">="}, QuantityValue(5, inf)),
    ],
)
def test_a_quantity_keeps_its_unit_and_its_comparator(
    registry: SearchParameters, element: dict[str, Any], expected: QuantityValue
) -> None:
    values = index_values(observation(valueQuantity=element), registry)
    assert (expected,) == values.quantities["value-quantity"] == values.quantities["combo-value-quantity"]


def test_a_range_of_quantities_may_be_open(registry: SearchParameters) -> None:
    condition = {"resourceType": "Condition", "onsetRange": {"low": {"value": 40, "unit": "a"}}}
    assert (QuantityValue(40, inf, unit="a"),) == index_values(condition, registry).quantities["onset-age"]


def test_money_is_a_quantity_of_its_currency(registry: SearchParameters) -> None:
    invoice = {"resourceType": "Invoice", "totalNet": {"value": 12, "currency": "GBP"}}
    expected = QuantityValue(12, 12, "urn:iso:std:iso:4217", "GBP", "GBP")
    assert (expected,) == index_values(invoice, registry).quantities["totalnet"]


def test_a_profile_is_a_uri(registry: SearchParameters) -> None:
    meta = {"profile": ["http://p.example/a", "http://p.example/a"]}
    assert (UriValue("http://p.example/a"),) == index_values(patient(meta=meta), registry).uris["_profile"]


# presence and bad data


def test_only_elements_with_a_value_are_present(registry: SearchParameters) -> None:
    extension = {"extension": [{"url": "http://x", "valueCode": "unknown"}]}
    values = index_values(patient(_birthDate=extension, gender="male"), registry)
    assert "gender" in values.present
    assert "birthdate" not in values.present


@pytest.mark.parametrize(
    "elements",
    [
        {"birthDate": "yesterday"},
        {"birthDate": 1990},
        {"gender": 1},
        {"identifier": "x"},
        {"identifier": [None, 1, {"value": 1}]},
        {"name": [{"family": {"a": 1}, "given": "Ann"}]},
        {"name": {"family": "Smith"}},
        {"managingOrganization": {"reference": 1}},
        {"managingOrganization": "Organization/1"},
        {"meta": {"lastUpdated": None}},
        {"active": "true"},
        {"telecom": [["phone"]]},
        {"id": 1},
    ],
    ids=repr,
)
def test_what_is_not_as_its_type_demands_gives_no_value_and_no_error(
    registry: SearchParameters, elements: dict[str, Any]
) -> None:
    values = index_values({"resourceType": "Patient", **elements}, registry)
    assert not values.dates.get("birthdate")
    assert not values.tokens.get("gender")


TENS = "(0|1|2|3|4|5|6|7|8|9)"


@pytest.mark.parametrize(
    "expression",
    [
        "Patient.select(1).repeat($this + 1).toString()",
        f"Patient.name.where({TENS}.where({TENS}.where({TENS}.where({TENS}.where({TENS}.where({TENS}"
        ".where(%resource.gender = 'x').exists()).exists()).exists()).exists()).exists()).exists()).family",
    ],
    ids=["without-end", "loops-in-loops"],
)
def test_an_expression_that_costs_much_gives_no_value_and_no_error(expression: str, definitions: Definitions) -> None:
    costly = {
        "resourceType": "SearchParameter",
        "url": "https://hub.example/costly",
        "status": "active",
        "code": "costly",
        "base": ["Patient"],
        "type": "string",
        "expression": expression,
    }
    registry = SearchParameters(definitions.with_resources([costly]))
    before = process_time()
    values = index_values(patient(name=[{"family": "Ashe"}]), registry, only={"costly", "family"})
    assert "costly" not in values.strings
    assert len(values.strings["family"]) == 1
    assert process_time() - before < 5


def test_only_the_parameters_asked_for_are_read(registry: SearchParameters) -> None:
    values = index_values(patient(gender="male", birthDate="1990"), registry, only={"gender"})
    assert frozenset({"gender"}) == values.present == frozenset(values.tokens)


def test_a_type_that_is_none_is_an_error(registry: SearchParameters) -> None:
    with pytest.raises(NotFoundError):
        index_values({"resourceType": "Foo"}, registry)
