from tests.unit.rest.desk import Desk, identified, patient


async def test_update_makes_the_first_version_and_then_the_next(desk: Desk) -> None:
    first = await desk("PUT", "Patient/p", patient(id="p"))
    second = await desk("PUT", "Patient/p", patient(id="p", active=True))
    assert (first.status, second.status) == (201, 200)
    assert (first.headers["ETag"], second.headers["ETag"]) == ('W/"1"', 'W/"2"')


async def test_update_after_a_deletion_brings_the_resource_back(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    await desk("DELETE", "Patient/p")
    answer = await desk("PUT", "Patient/p", patient(id="p"))
    assert (answer.status, answer.headers["ETag"]) == (201, 'W/"3"')


async def test_body_with_another_id_or_none_is_400(desk: Desk) -> None:
    assert (await desk("PUT", "Patient/p", patient(id="q"))).status == 400
    assert (await desk("PUT", "Patient/p", patient())).status == 400
    assert await desk.all("Patient") == []


async def test_if_match_holds_the_update_to_the_version_seen(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    await desk("PUT", "Patient/p", patient(id="p", active=True))
    stale = await desk("PUT", "Patient/p", patient(id="p", active=False), if_match='W/"1"')
    assert stale.status == 412
    assert stale.resource is not None and "the hub has version 2" in stale.resource["issue"][0]["diagnostics"]
    assert (await desk("PUT", "Patient/p", patient(id="p"), if_match='W/"2"')).status == 200


async def test_if_match_on_what_is_not_there_is_412(desk: Desk) -> None:
    assert (await desk("PUT", "Patient/p", patient(id="p"), if_match='W/"1"')).status == 412


async def test_if_none_match_star_creates_but_does_not_overwrite(desk: Desk) -> None:
    assert (await desk("PUT", "Patient/p", patient(id="p"), if_none_match="*")).status == 201
    assert (await desk("PUT", "Patient/p", patient(id="p"), if_none_match="*")).status == 412


async def test_conditional_update_creates_and_then_updates_the_one_that_matches(desk: Desk) -> None:
    first = await desk("PUT", "Patient?identifier=urn:x|1", identified("1"))
    second = await desk("PUT", "Patient?identifier=urn:x|1", identified("1", active=True))
    assert (first.status, second.status) == (201, 200)
    [found] = await desk.all("Patient")
    assert found["active"] is True and found["meta"]["versionId"] == "2"


async def test_conditional_update_that_matches_several_is_412(desk: Desk) -> None:
    await desk("POST", "Patient", identified("1"))
    await desk("POST", "Patient", identified("1"))
    assert (await desk("PUT", "Patient?identifier=urn:x|1", identified("1"))).status == 412


async def test_conditional_update_with_the_id_of_another_resource_is_refused(desk: Desk) -> None:
    await desk("PUT", "Patient/p", identified("1", id="p"))
    await desk("PUT", "Patient/q", identified("2", id="q"))
    other = await desk("PUT", "Patient?identifier=urn:x|1", identified("1", id="q"))
    taken = await desk("PUT", "Patient?identifier=urn:x|3", identified("3", id="q"))
    assert (other.status, taken.status) == (400, 409)


async def test_conditional_update_without_criteria_is_400(desk: Desk) -> None:
    assert (await desk("PUT", "Patient", patient())).status == 400
