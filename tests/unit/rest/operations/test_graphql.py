"""$graphql: what is asked for and nothing else, within what the client may see."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from tests.unit.rest.desk import GRANT, Desk, patient

from careloom.governance import parse_scopes
from careloom.rest.messages import FhirResponse
from careloom.rest.operations.graphql import budget


async def ask(desk: Desk, query: str, at: str = "", variables: Any = None, **changes: Any) -> FhirResponse:
    more = f"&variables={quote(json.dumps(variables))}" if variables is not None else ""
    return await desk("GET", f"{at}$graphql?query={quote(query)}{more}", **changes)


async def data(desk: Desk, query: str, at: str = "", variables: Any = None, **changes: Any) -> Any:
    answer = await ask(desk, query, at, variables, **changes)
    assert answer.json is not None, answer.resource
    return answer.json["data"]


def reason(answer: FhirResponse) -> str:
    assert answer.resource is not None, answer.json
    return str(answer.resource["issue"][0]["diagnostics"])


@pytest.fixture
async def record(desk: Desk) -> Desk:
    names = [
        {"use": "official", "family": "Ashe", "given": ["Róisín", "Mary"]},
        {"use": "nickname", "given": ["Ro"]},
        {"use": "old", "family": "Burke", "given": ["Róisín"]},
    ]
    subject = {"reference": "Patient/p"}
    for resource in (
        patient(id="p", name=names, active=True, managingOrganization={"reference": "Organization/o"}),
        patient(id="q", managingOrganization={"reference": "Organization/none"}),
        {"resourceType": "Organization", "id": "o", "name": "Trust"},
        {"resourceType": "Condition", "id": "c", "subject": subject, "code": {"text": "Asthma"}},
        {
            "resourceType": "Observation",
            "id": "x",
            "subject": subject,
            "status": "final",
            "valueQuantity": {"value": 7.5, "unit": "mmol/L"},
        },
    ):
        await desk("PUT", f"{resource['resourceType']}/{resource['id']}", resource)
    return desk


async def test_elements_of_a_resource_are_told_in_the_order_and_under_the_names_asked_for(record: Desk) -> None:
    told = await data(record, "{ active who: id name { family first: given } __typename resourceType }", "Patient/p/")
    assert ["active", "who", "name", "__typename", "resourceType"] == list(told)
    assert (True, "p", "Patient") == (told["active"], told["who"], told["__typename"])
    assert {"family": "Ashe", "first": ["Róisín", "Mary"]} == told["name"][0]
    assert {"family": None, "first": ["Ro"]} == told["name"][1]


async def test_lists_are_chosen_from_by_value_by_path_and_by_place(record: Desk) -> None:
    for arguments, expected in (
        ('use: "old"', ["Burke"]),
        ("use: official", ["Ashe"]),
        ('fhirpath: "family.exists()"', ["Ashe", "Burke"]),
        ('fhirpath: "family.exists()", _offset: 1', ["Burke"]),
        ("_count: 1", ["Ashe"]),
        ('given: "Mary"', ["Ashe"]),
    ):
        told = await data(record, f"{{ name({arguments}) {{ family }} }}", "Patient/p/")
        assert expected == [each["family"] for each in told["name"]], arguments


async def test_references_lead_to_resources_and_what_refers_here_can_be_asked(record: Desk) -> None:
    query = """{
      managingOrganization { reference resource { ... on Organization { name } ... on Patient { birthDate } } }
      ConditionList(_reference: subject, _count: 5) { code { text } }
    }"""
    told = await data(record, query, "Patient/p/")
    assert {"reference": "Organization/o", "resource": {"name": "Trust"}} == told["managingOrganization"]
    assert [{"code": {"text": "Asthma"}}] == told["ConditionList"]


async def test_reference_that_leads_nowhere_is_an_error_unless_it_is_optional(record: Desk) -> None:
    query = "{ managingOrganization { resource%s { ... on Organization { name } } } }"
    assert 404 == (await ask(record, query % "", "Patient/q/")).status
    told = await data(record, query % "(optional: true)", "Patient/q/")
    assert {"managingOrganization": {"resource": None}} == told


async def test_record_is_read_and_searched(record: Desk) -> None:
    query = """query Q($id: String = "p", $family: String!) {
      one: Patient(id: $id) { id }
      PatientList(family: $family, active: true) { ...Names }
      PatientConnection(_count: 1, _sort: "_id") { count pagesize next edges { mode resource { id } } }
    }
    fragment Names on Patient { name(_count: 1) { family } }"""
    told = await data(record, query, variables={"family": "ashe"})
    assert ({"id": "p"}, [{"name": [{"family": "Ashe"}]}]) == (told["one"], told["PatientList"])
    connection = told["PatientConnection"]
    assert (2, 1, [{"mode": "match", "resource": {"id": "p"}}]) == (
        connection["count"],
        connection["pagesize"],
        connection["edges"],
    )
    after = f'_count: 1, _sort: "_id", _cursor: "{connection["next"]}"'
    following = f"{{ PatientConnection({after}) {{ edges {{ resource {{ id }} }} }} }}"
    assert [{"resource": {"id": "q"}}] == (await data(record, following))["PatientConnection"]["edges"]


async def test_choice_is_asked_for_with_its_type_or_without(record: Desk) -> None:
    query = "{ valueQuantity { value unit } value { ... on Quantity { unit } } valueString }"
    told = await data(record, query, "Observation/x/")
    assert "7.5" == str(told["valueQuantity"]["value"])
    assert ({"unit": "mmol/L"}, None) == (told["value"], told["valueString"])


async def test_field_that_is_asked_for_twice_is_told_once_with_all_that_is_wanted_of_it(record: Desk) -> None:
    told = await data(
        record, "{ name(_count: 1) { family } ...A } fragment A on Patient { name(_count: 1) { use } }", "Patient/p/"
    )
    assert {"name": [{"family": "Ashe", "use": "official"}]} == told


async def test_fragments_that_multiply_are_given_up(record: Desk) -> None:
    spreads = " ".join(f"fragment F{n} on Patient {{ {f'...F{n + 1} ' * 9} }}" for n in range(60))
    answer = await ask(record, f"{{ ...F0 }} {spreads} fragment F60 on Patient {{ id }}", "Patient/p/")
    assert "values are told" in reason(answer)


async def test_fields_are_included_and_skipped(record: Desk) -> None:
    query = "query ($yes: Boolean) { id @include(if: $yes) active @skip(if: $yes) name @include(if: false) { family } }"
    assert {"id": "p"} == await data(record, query, "Patient/p/", {"yes": True})


async def test_only_what_the_client_may_see_is_told(record: Desk) -> None:
    narrow = replace(GRANT, scopes=parse_scopes("system/Patient.rs"))
    assert (
        403 == (await ask(record, "{ ConditionList(_reference: subject) { id } }", "Patient/p/", grant=narrow)).status
    )
    assert 403 == (await ask(record, '{ Condition(id: "c") { id } }', grant=narrow)).status
    query = "{ managingOrganization { resource(optional: true) { ... on Organization { name } } } }"
    told = await data(record, query, "Patient/p/", grant=narrow)
    assert {"managingOrganization": {"resource": None}} == told


async def test_what_was_read_is_audited(record: Desk) -> None:
    await data(record, '{ Patient(id: "p") { managingOrganization { resource { ... on Organization { name } } } } }')
    entities = {each.get("what", {}).get("reference") for each in (await record.audits())[0]["entity"]}
    assert {"Patient/p/_history/1", "Organization/o/_history/1"} <= entities


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ nmae { family } }", "did you mean 'name'?"),
        ("{ name }", "has fields"),
        ("{ id { x } }", "has no fields"),
        ("{ id", "a name expected, found the end"),
        ("{ }", "a field between braces"),
        ("mutation { id }", "a query or fragment expected"),
        ("{ ...A } fragment A on Patient { ...A }", "uses itself"),
        ("{ ...B }", "is not in the document"),
        ("{ ...A } fragment A on Patient { contact { organization { resource { ...A } } } }", "uses itself"),
        ("{ a: id a: active }", "two different fields are called 'a'"),
        ("{ id @defer }", "@defer: the directives first, flatten, include, singleton, skip, slice are known"),
        ("{ id @flatten }", "id @flatten: id has no fields to be told in its place"),
        ("{ name @flatten { family @singleton } }", "family: one value expected, found another"),
        ("{ id name @flatten { id: family } }", "two different fields are called 'id'"),
        ("{ a: name @flatten { x: use } b: name @flatten { x: family } }", "x: values of one type expected"),
        ("{ name @slice { family } }", "name @slice: path with a FHIRPath or $index expected"),
        ('{ name @slice(path: "use") @first { family } }', "no @first beside it"),
        ('{ name @slice(path: "use(") { family } }', "@slice: "),
        ("{ ConditionList(_reference: subject) @flatten { id } }", "@flatten, @first and @slice go with elements"),
        ("{ name(use: $x) { family } }", "is used, and not declared"),
        ("{ ConditionList { id } }", "_reference expected"),
        ("{ ConditionList(_reference: subject, colour: red) { id } }", "colour"),
        ("{ id(x: 1) }", "no arguments expected"),
        ("query A { id } query B { id }", "operationName: one of A, B expected"),
        ('{ name(fhirpath: "family = (") { family } }', "fhirpath"),
        ("{ \\ }", "character 3: GraphQL expected"),
    ],
    ids=lambda value: value[:24],
)
async def test_what_cannot_be_understood_is_told_with_its_place(record: Desk, query: str, message: str) -> None:
    answer = await ask(record, query, "Patient/p/")
    assert (400, True) == (answer.status, message in reason(answer)), reason(answer)


async def test_query_is_bounded_in_depth_length_and_cost(record: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = "{ contained " * 21 + "{ id }" + " }" * 21
    assert "inside one another" in reason(await ask(record, deep, "Patient/p/"))
    assert "characters are read" in reason(await ask(record, "{ id }" + " " * 70_000, "Patient/p/"))
    for name, query in (
        ("resources", '{ a: Patient(id: "p") { id } b: Patient(id: "p") { id } c: Patient(id: "p") { id } }'),
        ("values", "{ PatientList { id active gender } }"),
        ("searches", "{ a: PatientList { id } b: PatientList { id } c: PatientList { id } }"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(budget.Budget, "__init__", _poor(name))
            answer = await ask(record, query)
            assert (400, True) == (answer.status, f" {name} are " in reason(answer)), reason(answer)


def _poor(name: str) -> Any:
    def make(self: budget.Budget) -> None:
        self.resources, self.values, self.searches = 1_000, 1_000, 1_000
        setattr(self, name, 2)

    return make


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "{ name @flatten { given family } }",
            {"given": ["Róisín", "Mary", "Ro", "Róisín"], "family": ["Ashe", "Burke"]},
        ),
        ("{ name @flatten { given @first } }", {"given": ["Róisín", "Ro", "Róisín"]}),
        (
            "{ name @flatten @first { given family @singleton } }",
            {"given": ["Róisín", "Mary"], "family": "Ashe"},
        ),
        (
            '{ active name @flatten @slice(path: "use") { given family @singleton } }',
            {
                "active": True,
                "given.official": ["Róisín", "Mary"],
                "family.official": "Ashe",
                "given.nickname": ["Ro"],
                "given.old": ["Róisín"],
                "family.old": "Burke",
            },
        ),
        (
            '{ name @slice(path: "$index") @flatten { given @first @singleton } }',
            {"given.0": "Róisín", "given.1": "Ro", "given.2": "Róisín"},
        ),
        ("{ name @first { family } }", {"name": {"family": "Ashe"}}),
        ("{ photo @first { url } }", {}),
        (
            "{ id managingOrganization @flatten { reference resource @flatten { ... on Organization { name } } } }",
            {"id": "p", "reference": "Organization/o", "name": "Trust"},
        ),
    ],
)
async def test_an_answer_may_be_flattened_and_sliced(record: Desk, query: str, expected: Any) -> None:
    assert await data(record, query, "Patient/p/") == expected
