from tests.unit.rest.desk import BASE, Desk, patient


async def _make_versions(desk: Desk, count: int) -> None:
    for number in range(count):
        await desk("PUT", "Patient/p", patient(id="p", active=number % 2 == 0))


async def test_history_tells_every_version_newest_first(desk: Desk) -> None:
    await _make_versions(desk, 2)
    await desk("DELETE", "Patient/p")
    bundle = (await desk("GET", "Patient/p/_history")).resource
    assert bundle is not None
    assert (bundle["type"], bundle["total"]) == ("history", 3)
    assert [entry["request"]["method"] for entry in bundle["entry"]] == ["DELETE", "PUT", "POST"]
    assert [entry["response"]["etag"] for entry in bundle["entry"]] == ['W/"3"', 'W/"2"', 'W/"1"']
    assert ["resource" in entry for entry in bundle["entry"]] == [False, True, True]


async def test_pages_of_a_history_do_not_shift_when_a_version_is_added(desk: Desk) -> None:
    await _make_versions(desk, 5)
    first = (await desk("GET", "Patient/p/_history?_count=2")).resource
    assert first is not None
    following = next(link["url"] for link in first["link"] if link["relation"] == "next")
    await _make_versions(desk, 1)
    second = (await desk("GET", following.removeprefix(f"{BASE}/"))).resource
    assert second is not None
    assert [entry["response"]["etag"] for entry in first["entry"]] == ['W/"5"', 'W/"4"']
    assert [entry["response"]["etag"] for entry in second["entry"]] == ['W/"3"', 'W/"2"']


async def test_last_page_of_a_history_has_no_next(desk: Desk) -> None:
    await _make_versions(desk, 2)
    bundle = (await desk("GET", "Patient/p/_history?_count=2")).resource
    assert bundle is not None
    assert [link["relation"] for link in bundle["link"]] == ["self"]


async def test_history_of_what_never_was_is_404(desk: Desk) -> None:
    assert (await desk("GET", "Patient/none/_history")).status == 404


async def test_count_that_is_no_number_is_400(desk: Desk) -> None:
    await _make_versions(desk, 1)
    for count in ("many", "0", "-1", "9" * 5000):
        assert (await desk("GET", f"Patient/p/_history?_count={count}")).status == 400
