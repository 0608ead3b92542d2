import pytest
from tests.unit.rest.desk import Desk, identified, patient


async def test_second_delete_is_not_an_error(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    assert (await desk("DELETE", "Patient/p")).status == 204
    assert (await desk("DELETE", "Patient/p")).status == 204


async def test_delete_of_what_never_was_is_not_an_error(desk: Desk) -> None:
    assert (await desk("DELETE", "Patient/none")).status == 204


async def test_delete_holds_to_if_match(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    assert (await desk("DELETE", "Patient/p", if_match='W/"7"')).status == 412
    assert (await desk("GET", "Patient/p")).status == 200


async def test_conditional_delete_takes_the_one_that_matches(desk: Desk) -> None:
    await desk("PUT", "Patient/p", identified("1", id="p"))
    await desk("PUT", "Patient/q", identified("2", id="q"))
    assert (await desk("DELETE", "Patient?identifier=urn:x|1")).status == 204
    assert [found["id"] for found in await desk.all("Patient")] == ["q"]


async def test_conditional_delete_refuses_to_choose_and_to_take_all(desk: Desk) -> None:
    await desk("POST", "Patient", identified("1"))
    await desk("POST", "Patient", identified("1"))
    assert (await desk("DELETE", "Patient?identifier=urn:x|1")).status == 412
    assert (await desk("DELETE", "Patient")).status == 400
    assert len(await desk.all("Patient")) == 2


async def test_delete_tells_what_it_did_where_the_client_prefers_that(desk: Desk) -> None:
    answer = await desk("DELETE", "Patient/none", prefer="return=OperationOutcome")
    assert answer.status == 200
    assert answer.resource is not None and answer.resource["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("condition", ["identifier=", "identifier=&family="])
async def test_a_condition_without_a_value_is_refused_and_deletes_nothing(condition: str, desk: Desk) -> None:
    await desk("PUT", "Patient/p", identified("1", id="p"))
    answer = await desk("DELETE", f"Patient?{condition}")
    assert answer.status == 400
    assert (await desk("GET", "Patient/p")).status == 200
