"""Who gets to see which page of the console, and what of it."""

import re
from datetime import timedelta
from ipaddress import ip_network

import pytest
from tests.unit.rest.desk import NOW
from tests.unit.rest.subscriptions.test_delivery import filtered
from tests.unit.web.browser import BOUNDARY, Markup, Page, ask, form
from tests.unit.web.notifications.conftest import Console

from careloom.rest.policy import OpenConsole, Policy
from careloom.store import Attempt, DeadLetter

ATTACK = """<script>alert(1)</script><img src="x" onerror="alert(1)">"""


async def send(
    console: Console, path: str, cookie: str = "", headers: dict[str, str] | None = None, **fields: str
) -> Page:
    """Fill in a form of the console."""
    given = {"content-type": f"multipart/form-data; boundary={BOUNDARY}", "host": "hub.example", **(headers or {})}
    if cookie:
        given["cookie"] = f"careloom-console={cookie}"
    return await ask(
        console.pages, f"/notifications{path}", method="POST", body=form(file=("", b""), **fields), headers=given
    )


def form_of(page: Page) -> str:
    """What the form of a page carries to show that it is one of ours."""
    found = re.search(r'name="form" value="([^"]+)"', page.text)
    assert found
    return found[1]


async def test_without_a_token_there_is_nothing_but_the_way_in(console: Console) -> None:
    id = await filtered(console.ward)
    for path in ("", f"/subscriptions/{id}", "/disclosures"):
        page = await console.get(path)
        assert (401, True) == (page.status, "Sign in to the console" in page.text)
        assert id not in page.text
    assert 401 == (await console.get("/live")).status


async def test_a_token_is_kept_by_the_browser_for_as_long_as_it_is_good_and_for_these_pages_alone(
    console: Console,
) -> None:
    token = console.token()
    page = await send(console, "/sign-in", form=form_of(await console.get("/sign-in")), token=token)
    assert (303, "/notifications") == (page.status, page.headers["location"])
    cookie = page.headers["set-cookie"]
    assert cookie.startswith(f"careloom-console={token};")
    for word in ("HttpOnly", "SameSite=strict", "Path=/notifications", "Max-Age=300"):
        assert word in cookie


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
async def test_what_is_no_token_is_not_kept(console: Console, token: str) -> None:
    page = await send(console, "/sign-in", form=form_of(await console.get("/sign-in")), token=token)
    assert (422, None) == (page.status, page.headers.get("set-cookie"))
    assert "That did not open it" in page.text


async def test_a_token_that_is_over_shows_nothing(console: Console) -> None:
    token = console.token()
    console.ward.desk = console.ward.desk.with_hub(clock=lambda: NOW + timedelta(minutes=6))
    assert 401 == (await console.get(token=token)).status


async def test_a_client_sees_its_own_and_who_oversees_sees_all(console: Console) -> None:
    id = await filtered(console.ward)
    own = await console.get(token=console.token())
    assert (True, True, False) == (id in own.text, "Your subscriptions" in own.text, "Told each second" in own.text)
    others = await console.get(token=console.token("other"))
    assert id not in others.text
    all_ = await console.get(token=console.token("operations", "HSYSADMIN"))
    assert (True, True) == (id in all_.text, "Told each second" in all_.text)


async def test_one_of_anothers_is_as_if_it_had_never_been(console: Console) -> None:
    id = await filtered(console.ward)
    page = await console.get(f"/subscriptions/{id}", console.token("other"))
    assert (404, True) == (page.status, "is not known" in page.text)


@pytest.mark.parametrize("id", ["no-such", "..%2F..%2Fetc", "a" * 200, "%3Cscript%3E"])
async def test_an_id_that_is_none_is_answered_with_a_page(console: Console, id: str) -> None:
    page = await console.get(f"/subscriptions/{id}", console.token())
    assert page.status in (400, 404)
    assert "<script>" not in page.text


async def test_who_sees_nothing_but_a_scope_is_told_what_is_missing(console: Console) -> None:
    page = await console.get(token=console.token("operations", "TREAT"))
    assert 403 == page.status
    assert "no agreement lets" in page.text


async def test_events_are_told_again_by_the_form_and_by_nothing_else(console: Console) -> None:
    id, token = await filtered(console.ward), console.token()
    await console.ward.happen(id, await console.ward.stay("e1"), await console.ward.stay("e2"))
    page = await console.get(f"/subscriptions/{id}", token)
    path = f"/subscriptions/{id}/replay"
    strangers = form_of(await console.get("/sign-in"))
    assert 403 == (await send(console, path, token, first="1", last="1")).status
    assert 403 == (await send(console, path, token, form=strangers, first="1", last="1")).status
    foreign = {"sec-fetch-site": "cross-site"}
    assert 403 == (await send(console, path, token, foreign, form=form_of(page), first="1", last="1")).status
    assert [] == await console.ward.desk.hub.repository.events.open_replays()
    done = await send(console, path, token, form=form_of(page), first="1", last="2", endpoint="https://gp.example/b")
    assert 303 == done.status
    [order] = await console.ward.desk.hub.repository.events.open_replays()
    assert (1, 2, "https://gp.example/b", "acute-epr") == (
        order.first,
        order.last,
        order.endpoint,
        order.requested_by,
    )
    assert "events 1 to 2 again" in (await console.get(done.headers["location"].partition("ns")[2], token)).text


async def test_one_event_is_told_again_by_its_own_button(console: Console) -> None:
    id, token = await filtered(console.ward), console.token()
    await console.ward.happen(id, await console.ward.stay("e1"), await console.ward.stay("e2"))
    page = await console.get(f"/subscriptions/{id}", token)
    await send(console, f"/subscriptions/{id}/replay", token, form=form_of(page), first="", last="", only="2")
    [order] = await console.ward.desk.hub.repository.events.open_replays()
    assert (2, 2) == (order.first, order.last)


async def test_what_cannot_be_told_again_is_told_on_the_page_with_what_was_filled_in(console: Console) -> None:
    id, token = await filtered(console.ward), console.token()
    await console.ward.happen(id, await console.ward.stay("e1"))
    page = await console.get(f"/subscriptions/{id}", token)
    told = await send(console, f"/subscriptions/{id}/replay", token, form=form_of(page), first="x", last="")
    assert 422 == told.status
    assert "the number of an event expected" in told.text
    assert 'value="x"' in told.text


async def test_who_oversees_has_no_field_for_another_address(console: Console) -> None:
    id = await filtered(console.ward)
    page = await console.get(f"/subscriptions/{id}", console.token("operations", "HSYSADMIN"))
    assert 'name="endpoint"' not in page.text
    assert 'name="first"' in page.text


@pytest.mark.parametrize("status", ["requested", "error", "off"])
async def test_while_it_is_not_active_the_form_is_not_offered(console: Console, status: str) -> None:
    id = await console.ward.subscribe(status)
    page = await console.get(f"/subscriptions/{id}", console.token())
    assert "Events are told again while a subscription is active." in page.text


def an_open_console(console: Console) -> None:
    door = OpenConsole((ip_network("127.0.0.0/8"),), "operations", "HSYSADMIN")
    console.ward.desk = console.ward.desk.with_hub(policy=Policy(console=door))


@pytest.mark.parametrize("host", ["hub.example", "127.0.0.1:8080", "localhost", "[::1]:80"])
async def test_an_open_console_needs_no_token(console: Console, host: str) -> None:
    an_open_console(console)
    page = await console.get(host=host)
    assert (200, True) == (page.status, "operations" in page.text)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "rebound.example"},
        {"host": ""},
        {"x_forwarded_for": "10.0.0.1"},
        {"forwarded": "for=1"},
        {"via": "1.1 proxy"},
    ],
    ids=lambda headers: next(iter(headers)) + next(iter(headers.values())),
)
async def test_an_open_console_is_closed_to_whoever_comes_by_another_name_or_through_a_proxy(
    console: Console, headers: dict[str, str]
) -> None:
    an_open_console(console)
    assert 401 == (await console.get(**headers)).status


async def test_an_open_console_for_a_client_that_is_gone_is_closed(console: Console) -> None:
    door = OpenConsole((ip_network("127.0.0.0/8"),), "nobody", "HSYSADMIN")
    console.ward.desk = console.ward.desk.with_hub(policy=Policy(console=door))
    assert 401 == (await console.get()).status


async def test_a_token_that_is_not_good_is_not_made_up_for_by_an_open_console(console: Console) -> None:
    an_open_console(console)
    assert 401 == (await console.get(token="nonsense")).status
    assert 401 == (await console.get(authorization="Bearer nonsense")).status


@pytest.mark.parametrize("path", ["", "/subscriptions/{id}", "/disclosures", "/sign-in"])
async def test_pages_keep_the_content_policy_and_lead_nowhere_that_is_not_there(console: Console, path: str) -> None:
    id = await filtered(console.ward, endpoint="https://gp.example/<script>alert(1)</script>")
    log = console.ward.desk.hub.repository.events
    await console.ward.happen(id, await console.ward.stay("e1"))
    letters = [DeadLetter(id, 1, ATTACK, NOW)]
    await log.record_attempts([Attempt(id, 1, 1, 1, NOW, 3, "retry", 500, "00", ATTACK)], None, letters)
    page = await console.get(path.format(id=id), console.token())
    markup = Markup(page.text)
    assert [] == markup.refused
    assert len(markup.ids) == len(set(markup.ids))
    assert markup.anchors <= set(markup.ids)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "no-store" == page.headers["cache-control"]
    assert '<img src="x"' not in page.text


async def test_a_page_is_on_record_and_one_that_is_refused_too(console: Console) -> None:
    id = await filtered(console.ward)
    await console.get(f"/subscriptions/{id}", console.token())
    await console.get(f"/subscriptions/{id}", console.token("other"))
    looks = [each for each in await console.ward.desk.audits() if {"display": "$delivery"} in each["subtype"]]
    assert ["4", "0"] == [each["outcome"] for each in looks]


async def test_who_was_told_what_of_a_patient_needs_the_right_to_read_it(console: Console) -> None:
    await console.ward.record({"resourceType": "Patient", "id": "p1"})
    page = await console.get("/disclosures?patient=p1", console.token())
    assert (200, True) == (page.status, "Nobody was told anything of this patient." in page.text)
    refused = await console.get("/disclosures?patient=p1", console.token("operations", "HSYSADMIN"))
    assert (422, True) == (refused.status, "needs the scope system/Patient.r" in refused.text)


async def test_a_hub_that_fails_says_so_and_no_more(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("secret")

    token = console.token()
    hub = console.ward.desk.hub
    monkeypatch.setattr(type(hub.repository), "search", broken)
    page = await console.get(token=token)
    assert (500, False) == (page.status, "secret" in page.text)


async def test_signing_out_forgets_the_token(console: Console) -> None:
    page = await send(console, "/sign-out", console.token())
    assert 303 == page.status
    assert 'careloom-console=""' in page.headers["set-cookie"]


async def test_a_token_in_the_header_will_do(console: Console) -> None:
    id = await filtered(console.ward)
    page = await console.get(authorization=f"Bearer {console.token()}")
    assert (200, True) == (page.status, id in page.text)


async def test_a_hub_without_subscriptions_says_that(console: Console) -> None:
    console.ward.desk = console.ward.desk.with_hub(telling=None)
    page = await console.get(token=console.token())
    assert page.status >= 400
    assert "this hub has no subscriptions" in page.text


async def test_a_page_that_is_paused_stays_as_it_is_and_what_it_is_narrowed_to_is_kept(console: Console) -> None:
    token = console.token()
    live, paused = await console.get("?status=error", token), await console.get("?status=error&paused=yes", token)
    assert 'hx-sse:connect="/notifications/live?status=error"' in live.text
    assert 'href="/notifications?status=error&amp;paused=yes">Pause' in live.text
    assert "hx-sse:connect" not in paused.text
    assert 'http-equiv="refresh"' not in paused.text
    assert 'href="/notifications?status=error">Go on live' in paused.text
