from tests.unit.rest.desk import Desk, patient


async def test_read_tells_the_resource_with_its_version(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    answer = await desk("GET", "Patient/p")
    assert answer.status == 200
    assert answer.resource is not None and answer.resource["name"] == [{"family": "Ashe"}]
    assert answer.headers["ETag"] == 'W/"1"'
    assert answer.headers["Last-Modified"].endswith("GMT")


async def test_read_of_what_never_was_is_404(desk: Desk) -> None:
    answer = await desk("GET", "Patient/none")
    assert answer.status == 404
    assert answer.resource is not None and answer.resource["issue"][0]["code"] == "not-found"


async def test_read_of_what_was_deleted_is_410(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    await desk("DELETE", "Patient/p")
    answer = await desk("GET", "Patient/p")
    assert answer.status == 410
    assert answer.resource is not None and answer.resource["issue"][0]["code"] == "deleted"


async def test_client_that_has_the_current_version_is_told_304_without_body(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    answer = await desk("GET", "Patient/p", if_none_match='W/"1"')
    assert (answer.status, answer.resource) == (304, None)
    assert answer.headers["ETag"] == 'W/"1"'


async def test_client_that_has_an_older_version_is_told_the_current_one(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    await desk("PUT", "Patient/p", patient(id="p", active=True))
    answer = await desk("GET", "Patient/p", if_none_match='W/"1"')
    assert answer.status == 200


async def test_client_that_asks_for_changes_since_the_last_one_is_told_304(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    modified = (await desk("GET", "Patient/p")).headers["Last-Modified"]
    assert (await desk("GET", "Patient/p", if_modified_since=modified)).status == 304
    assert (await desk("GET", "Patient/p", if_modified_since="Sat, 01 Jan 2000 00:00:00 GMT")).status == 200


async def test_vread_tells_a_past_version(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    await desk("PUT", "Patient/p", patient(id="p", active=True))
    answer = await desk("GET", "Patient/p/_history/1")
    assert answer.status == 200
    assert answer.resource is not None and "active" not in answer.resource


async def test_vread_of_a_deletion_is_410_and_of_no_version_404(desk: Desk) -> None:
    await desk("PUT", "Patient/p", patient(id="p"))
    await desk("DELETE", "Patient/p")
    assert (await desk("GET", "Patient/p/_history/2")).status == 410
    assert (await desk("GET", "Patient/p/_history/3")).status == 404
    assert (await desk("GET", "Patient/p/_history/1")).status == 200
