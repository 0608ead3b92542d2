from datetime import UTC, datetime

import pytest

from careloom.model.errors import InvalidError, NotFoundError, TooCostlyError
from careloom.search import SearchParameters, parse_query
from careloom.search.conditions import Comparison, Missing, Not
from careloom.search.operands import (
    DateOperand,
    NumberOperand,
    QuantityOperand,
    ReferenceOperand,
    StringOperand,
    TokenOperand,
    UriOperand,
)
from careloom.search.query import Include, Query, SortKey

DAY = 86_400_000_000
NEW_YEAR_2020 = 18_262 * DAY


def parse(registry: SearchParameters, type: str, *parameters: tuple[str, str], strict: bool = False) -> Query:
    return parse_query(type, parameters, registry, strict=strict, now=lambda: datetime(2020, 1, 11, tzinfo=UTC))


def operands(registry: SearchParameters, type: str, name: str, value: str) -> tuple[object, ...]:
    (condition,) = parse(registry, type, (name, value)).conditions
    assert isinstance(condition, Comparison)
    return condition.operands


def diagnostics(registry: SearchParameters, type: str, *parameters: tuple[str, str], strict: bool = False) -> list[str]:
    with pytest.raises(InvalidError) as raised:
        parse(registry, type, *parameters, strict=strict)
    return [issue.diagnostics for issue in raised.value.issues]


# what values mean


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", [TokenOperand(None, "a")]),
        ("http://s|a", [TokenOperand("http://s", "a")]),
        ("|a", [TokenOperand("", "a")]),
        ("http://s|", [TokenOperand("http://s", None)]),
        ("a,b|c", [TokenOperand(None, "a"), TokenOperand("b", "c")]),
        (r"a\,b\|c", [TokenOperand(None, "a,b|c")]),
        (r"s\|t|a\$b", [TokenOperand("s|t", "a$b")]),
    ],
)
def test_a_token_is_a_code_a_system_or_both(
    registry: SearchParameters, value: str, expected: list[TokenOperand]
) -> None:
    assert tuple(expected) == operands(registry, "Patient", "identifier", value)


def test_a_token_on_a_plain_string_has_no_case(registry: SearchParameters) -> None:
    assert (TokenOperand(None, "lot-7"),) == operands(registry, "Medication", "lot-number", "LOT-7")


def test_a_string_is_folded_and_kept(registry: SearchParameters) -> None:
    assert (StringOperand("Zoë ", "zoe", "Zoë "),) == operands(registry, "Patient", "name", "Zoë ")


@pytest.mark.parametrize(
    ("name", "value", "targets"),
    [
        ("subject", "1", ["Device/1", "Group/1", "Location/1", "Patient/1"]),
        ("patient", "1", ["Patient/1"]),
        ("subject:Group", "1", ["Group/1"]),
        ("subject", "Patient/1", ["Patient/1"]),
        ("subject:Patient", "Patient/1", ["Patient/1"]),
        ("subject", "https://hub.example/fhir/Patient/1", ["Patient/1"]),
        ("subject", "Patient/1/_history/2", ["Patient/1/_history/2"]),
        ("subject", "http://other.example/Patient/1", ["http://other.example/Patient/1"]),
        ("subject", "urn:uuid:1", ["urn:uuid:1"]),
    ],
)
def test_a_reference_is_local_or_absolute(
    registry: SearchParameters, name: str, value: str, targets: list[str]
) -> None:
    assert (ReferenceOperand(value, tuple(targets)),) == operands(registry, "Observation", name, value)


@pytest.mark.parametrize("value", ["Group/1", "http://other.example/fhir/Group/1", "Group/1/_history/2"])
def test_a_parameter_that_is_narrowed_to_a_type_never_leads_to_another(registry: SearchParameters, value: str) -> None:
    assert (ReferenceOperand(value, ()),) == operands(registry, "Observation", "patient", value)
    (anything,) = operands(registry, "Observation", "subject", value)
    assert ReferenceOperand(value, (value,)) == anything


@pytest.mark.parametrize("name", ["questionnaire.title", "questionnaire:Questionnaire.title"])
def test_chains_do_not_follow_canonical_urls_and_say_so(registry: SearchParameters, name: str) -> None:
    (told,) = parse(registry, "QuestionnaireResponse", (name, "x")).unsupported
    assert "questionnaire leads by canonical URLs, which neither chains nor _has follow" in told.diagnostics
    (told,) = parse(registry, "Questionnaire", ("_has:QuestionnaireResponse:questionnaire:_id", "x")).unsupported
    assert "leads by canonical URLs" in told.diagnostics


def test_an_element_may_be_named_with_its_type(registry: SearchParameters) -> None:
    query = parse(registry, "Patient", ("_elements", "Patient.name,birthDate,deceased[x]"))
    assert query.elements == ("Patient.name", "birthDate", "deceased[x]")


def test_an_identifier_of_a_reference_is_a_token(registry: SearchParameters) -> None:
    query = parse(registry, "Observation", ("subject:identifier", "http://s|1"))
    expected = Comparison("subject", "token", (TokenOperand("http://s", "1"),), "identifier")
    assert (expected,) == query.conditions
    assert expected.key == "subject:identifier"


@pytest.mark.parametrize(
    ("value", "prefix", "low", "high"),
    [
        ("2020-01-01", "eq", 0, DAY),
        ("ne2020-01-01", "ne", 0, DAY),
        ("ge2020-01", "ge", 0, 31 * DAY),
        ("ap2020-01-01", "ap", -DAY, 2 * DAY),
        ("lt2020-01-01T12:00Z", "lt", DAY // 2, DAY // 2 + 60_000_000),
    ],
)
def test_a_date_is_an_interval_and_near_means_a_tenth_of_the_way_to_now(
    registry: SearchParameters, value: str, prefix: str, low: int, high: int
) -> None:
    (operand,) = operands(registry, "Patient", "birthdate", value)
    assert isinstance(operand, DateOperand)
    assert (prefix, low, high) == (operand.prefix, operand.low - NEW_YEAR_2020, operand.high - NEW_YEAR_2020)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0.8", NumberOperand("0.8", "eq", 0.75, 0.85)),
        ("gt0.8", NumberOperand("0.8", "gt", 0.8, 0.8)),
        ("ap10", NumberOperand("10", "ap", 9.0, 11.0)),
        ("ne-1", NumberOperand("-1", "ne", -1.5, -0.5)),
    ],
)
def test_a_number_has_precision_where_equality_is_asked(
    registry: SearchParameters, value: str, expected: NumberOperand
) -> None:
    assert (expected,) == operands(registry, "RiskAssessment", "probability", value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("5.4", QuantityOperand("5.4", "eq", 5.35, 5.45)),
        ("le5.4|http://u|mg", QuantityOperand("5.4", "le", 5.4, 5.4, "http://u", "mg")),
        ("5.4||mg", QuantityOperand("5.4", "eq", 5.35, 5.45, None, "mg")),
        ("5.4|http://u|", QuantityOperand("5.4", "eq", 5.35, 5.45, "http://u", None)),
    ],
)
def test_a_quantity_is_a_number_with_or_without_unit(
    registry: SearchParameters, value: str, expected: QuantityOperand
) -> None:
    assert (expected,) == operands(registry, "Observation", "value-quantity", value)


def test_a_uri_stands_as_it_is(registry: SearchParameters) -> None:
    assert (UriOperand("http://x/A|1"),) == operands(registry, "ValueSet", "url", "http://x/A|1")


# what a query is made of


def test_repeated_parameters_are_conditions_and_commas_are_alternatives(registry: SearchParameters) -> None:
    query = parse(registry, "Patient", ("given", "a,b"), ("given", "c"))
    assert [2, 1] == [len(each.operands) for each in query.conditions if isinstance(each, Comparison)]


def test_missing_and_not_are_conditions_of_their_own(registry: SearchParameters) -> None:
    query = parse(registry, "Patient", ("gender:missing", "false"), ("gender:not", "male"))
    negated = Comparison("gender", "token", (TokenOperand(None, "male"),))
    assert (Missing("gender", False), Not(negated)) == query.conditions


def test_result_parameters_are_read(registry: SearchParameters) -> None:
    query = parse(
        registry,
        "Encounter",
        ("_sort", "-date,_id"),
        ("_count", "20"),
        ("_include", "Encounter:subject:Patient"),
        ("_include", "Encounter:subject:Patient"),
        ("_include", "Encounter:location"),
        ("_revinclude", "Observation:encounter"),
        ("_total", "accurate"),
        ("_summary", "count"),
        ("_elements", "status,period"),
        ("_page", "opaque"),
        ("_format", "json"),
    )
    expected = Query(
        type="Encounter",
        sort=(SortKey("date", "date", True), SortKey("_id", "token")),
        count=20,
        includes=(Include("Encounter", "subject", "Patient"), Include("Encounter", "location")),
        revincludes=(Include("Observation", "encounter"),),
        total="accurate",
        summary="count",
        elements=("status", "period"),
        page="opaque",
    )
    assert expected == query


@pytest.mark.parametrize(("parameter", "expected"), [("_count=0", True), ("_summary=count", True), ("_count=1", False)])
def test_a_count_of_zero_asks_for_the_total_alone(registry: SearchParameters, parameter: str, expected: bool) -> None:
    name, _, value = parameter.partition("=")
    assert parse(registry, "Patient", (name, value)).counts_only is expected


def test_a_type_that_is_none_is_not_found(registry: SearchParameters) -> None:
    with pytest.raises(NotFoundError, match="'Foo' is not a FHIR resource type"):
        parse(registry, "Foo")


# what is not understood is told


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("nme", "x", "Patient has no search parameter 'nme'; did you mean 'name'?"),
        ("qqqqq", "x", "Patient has no search parameter 'qqqqq'"),
        ("general-practitioner.colour", "x", "chain through general-practitioner: no type it refers to knows that"),
        ("general-practitioner:Practitioner.colour", "x", "Practitioner has no search parameter 'colour'"),
        ("_has:Observation:patient:colour", "x", "Observation has no search parameter 'colour'"),
        ("_has:Observation:who:code", "x", "Observation has no search parameter 'who'"),
        ("age", "5", "Patient: the number parameter 'age' is not supported, its definition has no expression"),
        ("_filter", "colour eq red", "Patient has no search parameter 'colour'"),
        ("_sort", "birthdate,colour", "_sort: Patient cannot be sorted by 'colour'"),
        ("_sort", "_content", "_sort: Patient cannot be sorted by '_content'"),
        ("_include", "Observation:subject", "_include: only what Patient refers to is included"),
        ("_type", "Patient", "_type: it goes with a search of the whole system"),
        ("_contained", "true", "_contained: contained resources are not searched by themselves"),
        ("_containedType", "contained", "_containedType: contained resources are told within"),
    ],
)
def test_a_parameter_that_is_not_understood_is_told_and_refused_when_strict(
    registry: SearchParameters, name: str, value: str, said: str
) -> None:
    query = parse(registry, "Patient", (name, value), ("gender", "male"))
    (issue,) = query.unsupported
    assert said in issue.diagnostics
    assert ("warning", "not-supported") == (issue.severity, issue.code)
    assert len(query.conditions) == 1
    (refused,) = diagnostics(registry, "Patient", (name, value), strict=True)
    assert said in refused


# bad input


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("name", "", "name: a value expected, found nothing"),
        ("name", "a,,b", "name: a value expected on both sides of a comma, found nothing"),
        ("", "a", "a parameter name expected"),
        ("name", "a\\b", "name: a backslash comes before one of"),
        ("name", "-", "name: a text with letters or digits expected, found '-'"),
        ("name", "a\0b", "name: a text without control characters and lone surrogates expected"),
        ("na\0me", "a", "na\\x00me: a text without control characters"),
        ("name", "\ud800", "name: a text without control characters and lone surrogates expected"),
        ("name", "x" * 10_000, "name: a value of at most 2000 characters expected, found 10000"),
        ("n" * 10_000, "x", "a name of at most 2000 characters expected, found 10000"),
        ("name:fuzzy", "a", "name:fuzzy: modifiers of a string parameter are missing, exact, contains, found 'fuzzy'"),
        ("name:not", "a", "found 'not'"),
        ("gender:exact", "a", "modifiers of a token parameter are missing, text, not, in,"),
        ("gender:in", "http://x", ":in is not supported, this server has no terminology"),
        ("_content:exact", "x", "modifiers of a string parameter are missing, found 'exact'"),
        ("_query", "overdue", "_query: named queries are not supported, found 'overdue'"),
        ("_list", "$current-problems", "_list: the id of a List expected; functional lists are not kept here"),
        ("organization:below", "1", "found 'below'; hierarchies of resources are not followed"),
        ("_contained", "maybe", "_contained: one of true, false, both expected"),
        ("gender:not:not", "a", "found 'not:not'"),
        ("organization:Patient", "1", "or the name of a resource type it may refer to, found 'Patient'"),
        ("organization:Organization", "Patient/1", "a Organization held by this server expected, found 'Patient/1'"),
        ("organization", "a b", "an id, Type/id or an absolute URL expected, found 'a b'"),
        ("identifier", "a|b|c", "code or system|code expected, found 'a|b|c'"),
        ("identifier", "|", "code, system|code, |code or system| expected, found '|'"),
        ("gender:missing", "maybe", "true or false expected, found 'maybe'"),
        ("birthdate", "xx2020", "one of the prefixes eq ne gt lt ge le sa eb ap expected, found 'xx' in 'xx2020'"),
        ("birthdate", "GE2020", "found 'GE' in 'GE2020'"),
        ("birthdate", "2020-02-30", "a date such as 2026, 2026-11-22"),
        ("birthdate", "ge", "a date such as"),
        ("birthdate", "2020-01-01T00:00:00 01:00", "the + of a time zone is written %2B in a URL"),
        ("_count", "-1", "_count: a whole number of at most nine digits expected, found '-1'"),
        ("_count", "1" * 10, "_count: a whole number"),
        ("_total", "some", "_total: one of none, estimate, accurate expected, found 'some'"),
        ("_elements", "a,b c", "_elements: names of elements"),
        ("_include", "Patient", "_include: Type:parameter, Type:parameter:Target or * expected"),
        ("_include", "Foo:subject", "_include: a resource type expected, found 'Foo'"),
        ("_include", "Patient:name", "_include: a reference parameter of Patient expected, found 'name'"),
        ("_include", "Patient:organization:Patient", "Patient.organization refers to no Patient"),
        ("_count:iterate", "5", "_count without modifier expected, found 'iterate'"),
        ("_revinclude", "Encounter:location", "_revinclude: a parameter that refers to Patient expected"),
        ("_page", "x" * 5000, "_page: the token of a link that this server gave expected"),
    ],
)
def test_bad_input_is_refused_with_what_was_expected(
    registry: SearchParameters, name: str, value: str, said: str
) -> None:
    (told,) = diagnostics(registry, "Patient", (name, value))
    assert said in told


@pytest.mark.parametrize("value", ["abc", "5.4|mg", "5|a|b|c", "x5.4", "1e9999"])
def test_a_bad_quantity_is_refused(registry: SearchParameters, value: str) -> None:
    (told,) = diagnostics(registry, "Observation", ("value-quantity", value))
    assert "value-quantity: " in told
    assert "expected, found" in told


def test_a_result_parameter_given_twice_is_refused(registry: SearchParameters) -> None:
    (told,) = diagnostics(registry, "Patient", ("_count", "1"), ("_count", "2"))
    assert told == "_count: one value expected, found the parameter twice"


def test_all_errors_of_a_request_are_told_and_each_names_its_parameter(registry: SearchParameters) -> None:
    with pytest.raises(InvalidError) as raised:
        parse(registry, "Patient", ("name", ""), ("birthdate", "never"), ("foo", "1"), strict=True)
    assert ["name", "birthdate", "foo"] == [issue.expression for issue in raised.value.issues]
    assert {"error"} == {issue.severity for issue in raised.value.issues}


@pytest.mark.parametrize(
    "parameters", [[("_id", ",".join(map(str, range(1000))))], [("given", "a")] * 1000], ids=["values", "parameters"]
)
def test_a_thousand_of_anything_is_too_costly(registry: SearchParameters, parameters: list[tuple[str, str]]) -> None:
    with pytest.raises(TooCostlyError, match=r"at most \d+ .*, found 1000"):
        parse(registry, "Patient", *parameters)


def test_sorting_by_more_parameters_than_anybody_means_is_refused(registry: SearchParameters) -> None:
    with pytest.raises(TooCostlyError, match="_sort: at most 10"):
        parse(registry, "Patient", ("_sort", ",".join(["birthdate"] * 5000)))
