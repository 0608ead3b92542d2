import asyncio

from tests.unit.rest.desk import BASE, Desk, identified, patient

from careloom.model.issues import Issue


async def test_create_gives_an_id_and_tells_where_it_is(desk: Desk) -> None:
    answer = await desk("POST", "Patient", patient())
    assert answer.status == 201
    assert answer.resource is not None
    assert answer.headers["Location"] == f"{BASE}/Patient/{answer.resource['id']}/_history/1"
    assert answer.resource["meta"]["versionId"] == "1"


async def test_id_sent_with_a_create_is_not_kept(desk: Desk) -> None:
    answer = await desk("POST", "Patient", patient(id="mine"))
    assert answer.resource is not None and answer.resource["id"] != "mine"


async def test_create_returns_as_much_as_the_client_prefers(desk: Desk) -> None:
    minimal = await desk("POST", "Patient", patient(), prefer="return=minimal")
    told = await desk("POST", "Patient", patient(), prefer="return=OperationOutcome")
    whole = await desk("POST", "Patient", patient(), prefer="return=representation")
    assert minimal.resource is None and minimal.headers["ETag"] == 'W/"1"'
    assert told.resource is not None and told.resource["resourceType"] == "OperationOutcome"
    assert whole.resource is not None and whole.resource["resourceType"] == "Patient"


async def test_another_type_than_the_address_says_is_400_and_leaves_no_trace(desk: Desk) -> None:
    answer = await desk("POST", "Observation", patient())
    assert answer.status == 400
    assert answer.resource is not None and "'Observation' expected" in answer.resource["issue"][0]["diagnostics"]
    assert await desk.all("Patient") == []


async def test_resource_that_does_not_conform_is_422_with_every_issue_and_leaves_no_trace(desk: Desk) -> None:
    found = [
        Issue("error", "required", "Patient.name: at least 1 expected, 0 found", "Patient"),
        Issue("warning", "code-invalid", "not known", "Patient.gender"),
        Issue("error", "value", "not a date", "Patient.birthDate"),
    ]
    desk.validator.issues["Patient"] = found
    answer = await desk("POST", "Patient", patient())
    assert answer.status == 422
    assert answer.resource is not None
    assert [issue["diagnostics"] for issue in answer.resource["issue"]] == [issue.diagnostics for issue in found]
    assert await desk.all("Patient") == []
    [audit] = await desk.audits()
    assert audit["outcome"] == "4" and "(and 1 more)" in audit["outcomeDesc"]


async def test_warnings_do_not_keep_a_resource_out(desk: Desk) -> None:
    desk.validator.issues["Patient"] = [Issue("warning", "informational", "could be better")]
    assert (await desk("POST", "Patient", patient())).status == 201


async def test_locality_chooses_what_a_type_must_conform_to(desk: Desk) -> None:
    strict = desk.with_hub(conformance={"Patient": ("https://locality.example/P",)})
    await strict("POST", "Patient", patient())
    assert strict.validator.asked == [("Patient", ("https://locality.example/P",))]


async def test_conditional_create_makes_one_and_then_finds_it(desk: Desk) -> None:
    first = await desk("POST", "Patient", identified("1"), if_none_exist="identifier=urn:x|1")
    second = await desk("POST", "Patient", identified("1"), if_none_exist="identifier=urn:x|1")
    assert (first.status, second.status) == (201, 200)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(await desk.all("Patient")) == 1


async def test_condition_in_the_address_counts_like_the_header(desk: Desk) -> None:
    first = await desk("POST", "Patient?identifier=urn:x|1", identified("1"))
    second = await desk("POST", "Patient?identifier=urn:x|1&_format=json", identified("1"))
    assert (first.status, second.status) == (201, 200)


async def test_racing_conditional_creates_make_one_resource(desk: Desk) -> None:
    asked = (desk("POST", "Patient", identified("1"), if_none_exist="identifier=urn:x|1") for _ in range(20))
    answers = await asyncio.gather(*asked)
    assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
    assert len(await desk.all("Patient")) == 1


async def test_condition_that_matches_several_is_412(desk: Desk) -> None:
    await desk("POST", "Patient", identified("1"))
    await desk("POST", "Patient", identified("1"))
    answer = await desk("POST", "Patient", identified("1"), if_none_exist="identifier=urn:x|1")
    assert answer.status == 412
    assert answer.resource is not None and answer.resource["issue"][0]["code"] == "multiple-matches"
    assert len(await desk.all("Patient")) == 2


async def test_condition_that_is_not_understood_is_400(desk: Desk) -> None:
    for condition in ("identifer=1", "_count=1", "identifier=", "birthdate=yesterday"):
        assert (await desk("POST", "Patient", patient(), if_none_exist=condition)).status == 400, condition
    assert await desk.all("Patient") == []


async def test_hook_of_a_type_sees_a_valid_resource_and_may_change_it(desk: Desk) -> None:
    hooks = {"Patient": lambda resource, grant: {**resource, "active": True}}
    answer = await desk.with_hub(before_write=hooks)("POST", "Patient", patient())
    assert answer.resource is not None and answer.resource["active"] is True


async def test_no_client_writes_audit_events(desk: Desk) -> None:
    event = {"resourceType": "AuditEvent"}
    for method, url in (("POST", "AuditEvent"), ("PUT", "AuditEvent/a"), ("DELETE", "AuditEvent/a")):
        body = {**event, "id": "a"} if method == "PUT" else event
        answer = await desk(method, url, None if method == "DELETE" else body)
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
