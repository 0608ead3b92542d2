"""Requests made to break a hub get a clear refusal or a small answer, soon, and write nothing."""

import asyncio
import gzip
import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
import zstandard
from tests.integration import hub as hubs
from tests.integration.hub import Caller, HubProcess, caller

MEGABYTE = 1_000_000
SOON = 25.0
"""Seconds; a machine under load needs seconds for what takes milliseconds, and what hangs does so for a minute."""

LEAK = re.compile(r"psycopg|sqlite3|Traceback|SQLSTATE|syntax error at|near \"|no such (table|column)|\.py\b")

SQL = (
    "' OR '1'='1",
    "'; DROP TABLE resource; --",
    '" UNION SELECT * FROM sqlite_master --',
    "1); DELETE FROM version WHERE (1=1",
    "\\'; SELECT pg_sleep(30); --",
    "%27%20OR%201%3D1",
    "{0}%s?:name$1",
    "%_\\%",
    "`x` -- \x00",
)


hub = hubs.hub_of_a_file


@pytest.fixture
async def call(hub: HubProcess) -> AsyncIterator[Caller]:
    """A client with a good token, which finds as many patients after the test as before."""
    async with caller(hub) as calling:
        before = await patients(calling)
        yield calling
        assert await patients(calling) == before


async def patients(call: Caller) -> int:
    total: int = (await call("GET", "Patient?_summary=count")).json["total"]
    return total


async def status_of(call: Caller, method: str, url: str, body: Any = None, **headers: str) -> int:
    """How it is answered: soon, without a word of what is behind it, and where refused with why."""
    started = time.monotonic()
    answer = await call(method, url, body, **headers)
    assert time.monotonic() - started < SOON
    assert not LEAK.search(json.dumps(answer.json or {}).replace(json.dumps(url)[1:-1], ""))
    assert answer.status < 500, answer.json
    if answer.status >= 400:
        assert answer.json["resourceType"] == "OperationOutcome"
        assert answer.json["issue"][0]["diagnostics"]
    return answer.status


def memory_of(hub: HubProcess) -> int:
    """Bytes that the hub has in memory."""
    text = Path(f"/proc/{hub.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    assert found
    return int(found[1]) * 1024


# bodies


async def test_a_body_of_100_megabytes_is_refused_before_it_is_sent(call: Caller, hub: HubProcess) -> None:
    headers = {"Content-Length": str(100 * MEGABYTE), "Content-Type": "application/fhir+json"}
    assert (await raw(call, "POST", "Patient", headers)).startswith(b"HTTP/1.1 413 ")


async def test_a_body_that_never_ends_is_given_up(call: Caller, hub: HubProcess) -> None:
    before = memory_of(hub)
    headers = {"Transfer-Encoding": "chunked", "Content-Type": "application/fhir+json"}
    chunk = b"%x\r\n%s\r\n" % (100_000, b" " * 100_000)
    answer = await raw(call, "POST", "Patient", headers, chunk=chunk, chunks=1_000)
    assert not answer or answer.startswith(b"HTTP/1.1 413 ")  # nothing, where the hub hung up while we were talking
    assert memory_of(hub) - before < 30 * MEGABYTE


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_a_body_that_unpacks_to_100_megabytes_is_refused(call: Caller, hub: HubProcess, encoding: str) -> None:
    bomb = b" " * (100 * MEGABYTE)
    packed = gzip.compress(bomb, 9) if encoding == "gzip" else zstandard.compress(bomb)
    before = memory_of(hub)
    assert 413 == await status_of(call, "POST", "Patient", packed, Content_Encoding=encoding)
    assert memory_of(hub) - before < 30 * MEGABYTE


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"resourceType":"Patient","extension":' + b'[{"extension":' * 50_000,
        json.dumps({"resourceType": "Patient", "contact": [{"name": {"family": "\ud800"}}]}).encode(),
        b'{"resourceType":"Patient","resourceType":"Group"}',
        b'{"resourceType":"Patient","multipleBirthInteger":1e999999999}',
        b'{"resourceType":"Patient","multipleBirthInteger":' + b"9" * 100_000 + b"}",
        b"\x00" * 1_000,
        b'"Patient"',
        b"",
    ],
    ids=["brackets", "objects", "surrogate", "twice", "exponent", "digits", "nul", "text", "nothing"],
)
async def test_what_is_no_resource_is_refused(call: Caller, body: bytes) -> None:
    assert await status_of(call, "POST", "Patient", body) in (400, 422)


@pytest.mark.parametrize(
    "body",
    [
        '<!DOCTYPE Patient [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
        '<Patient xmlns="http://hl7.org/fhir"><id value="&b;"/></Patient>',
        '<!DOCTYPE Patient [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        '<Patient xmlns="http://hl7.org/fhir"><language value="&x;"/></Patient>',
        '<Patient xmlns="http://hl7.org/fhir">' + "<extension>" * 20_000,
    ],
    ids=["entities", "file", "deep"],
)
async def test_xml_that_attacks_its_reader_is_refused(call: Caller, body: str) -> None:
    assert 400 == await status_of(call, "POST", "Patient", body.encode(), Content_Type="application/fhir+xml")


async def test_a_bundle_of_too_many_entries_is_refused(call: Caller) -> None:
    entry = {"request": {"method": "GET", "url": "P"}}
    body = {"resourceType": "Bundle", "type": "batch", "entry": [entry] * 21_000}
    assert await status_of(call, "POST", "", body) == 413


# searches

CHAIN = ".".join(["subject:Patient.link:Patient"] * 40)
HAS = ":".join(["_has:Observation:subject"] * 40)


@pytest.mark.parametrize(
    "query",
    [
        f"Observation?{CHAIN}.name=x",
        f"Patient?{HAS}:code=x",
        "Patient?_filter=" + quote("(" * 5_000 + "name eq x" + ")" * 5_000),
        "Patient?_filter=" + quote(" and ".join(["name eq x"] * 2_000)),
        "Patient?" + "&".join(f"name=n{number}" for number in range(5_000)),
        "Patient?_count=99999999999999999999",
        "Patient?_count=-1",
        "Patient?_sort=" + ",".join(["name"] * 1_000),
        "Patient?_id=" + ",".join(f"i{number}" for number in range(6_000)),
        "Patient?birthdate=" + "9" * 5_000,
        "Location?near=1e400|1e400|1e400|km",
        "Observation?value-quantity=1e999999999",
    ],
    ids=[
        "chain",
        "has",
        "filter-brackets",
        "filter-terms",
        "parameters",
        "count",
        "negative-count",
        "sorts",
        "or-list",
        "date",
        "near",
        "quantity",
    ],
)
async def test_a_search_that_asks_too_much_is_refused(call: Caller, query: str) -> None:
    assert await status_of(call, "GET", query, Prefer="handling=strict") in (400, 413, 414)


async def test_a_huge_list_in_a_form_is_refused(call: Caller) -> None:
    form = urlencode({"identifier": ",".join(f"urn:x|{number}" for number in range(200_000))}).encode()
    kind = "application/x-www-form-urlencoded"
    assert await status_of(call, "POST", "Patient/_search", form, Content_Type=kind) == 413


async def test_including_everything_of_everything_stays_within_its_ceiling(hub: HubProcess) -> None:
    async with caller(hub) as call:
        await call("POST", "", web_of(40))
        everything = "_include=*&_include:iterate=*&_revinclude=*&_revinclude:iterate=*"
        answer = await call("GET", f"Patient?{everything}&_count=1")
        assert answer.status == 200
        ids = [entry["fullUrl"] for entry in answer.json["entry"]]
        assert len(ids) == len(set(ids)) <= 5_002
        assert await status_of(call, "GET", f"Patient?{'&'.join([everything] * 100)}") in (200, 400)


def web_of(number: int) -> dict[str, Any]:
    """A transaction of patients each linked to all others."""
    names = [f"urn:uuid:00000000-0000-4000-8000-{each:012}" for each in range(number)]
    links = [{"other": {"reference": name}, "type": "seealso"} for name in names]
    entries = [
        {
            "fullUrl": name,
            "resource": {"resourceType": "Patient", "link": links},
            "request": {"method": "POST", "url": "Patient"},
        }
        for name in names
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


@pytest.mark.parametrize(
    "pattern", ["(a+)+$" + "a" * 500, "(.*)*" * 50, "%" * 1_000, "*" * 1_000, "[" * 500, "\\" * 500, '"' * 501]
)
@pytest.mark.parametrize("parameter", ["name", "name:contains", "name:exact", "_text", "_content", "identifier:text"])
async def test_a_pattern_is_only_text(call: Caller, parameter: str, pattern: str) -> None:
    assert await status_of(call, "GET", f"Patient?{urlencode({parameter: pattern})}") in (200, 400)


PLACES = (
    "Patient?name={}",
    "Patient?name:exact={}",
    "Patient?name:{}=x",
    "Patient?{}=x",
    "Patient?identifier={}|{}",
    "Patient?_id={}",
    "Patient?birthdate={}",
    "Patient?_lastUpdated=gt{}",
    "Patient?_sort={}",
    "Patient?_include={}",
    "Patient?_revinclude={}",
    "Patient?_elements={}",
    "Patient?_summary={}",
    "Patient?_count={}",
    "Patient?_total={}",
    "Patient?_type={}",
    "Patient?_list={}",
    "Patient?_filter={}",
    "Patient?_filter=name eq {}",
    "Patient?_text={}",
    "Patient?_content={}",
    "Patient?_format={}",
    "Patient?_page={}",
    "Patient?general-practitioner:{}.name=x",
    "Patient?_has:Observation:{}:code=x",
    "Patient?_has:{}:subject:code=x",
    "Observation?value-quantity={}",
    "Observation?code:in={}",
    "Observation?code-value-quantity={}${}",
    "Location?near={}",
    "?_type={}",
    "Patient/{}",
    "Patient/{}/_history/{}",
    "Patient/{}/Observation",
    "Patient/{}/$everything?start={}",
    "_history?_since={}",
    "_history?_at={}",
    "{}",
    "{}/1",
    "$export?_type={}",
    "_jobs/{}",
)


@pytest.mark.parametrize("place", PLACES)
async def test_sql_is_only_text_wherever_it_stands(call: Caller, place: str) -> None:
    for text in SQL:
        assert await status_of(call, "GET", place.replace("{}", quote(text, safe=""))) < 500


async def test_sql_is_only_text_in_conditions(call: Caller) -> None:
    for text in SQL:
        patient = {"resourceType": "Patient", "gender": "not a gender, so nothing can be written"}
        condition = f"identifier={quote(text, safe='')}"
        assert await status_of(call, "POST", "Patient", patient, If_None_Exist=condition) in (400, 412, 422)
        assert await status_of(call, "PUT", f"Patient?{condition}", patient) in (400, 412, 422)
        assert await status_of(call, "DELETE", f"Patient?{condition}") in (200, 204, 400, 404, 412)


async def test_a_page_that_the_hub_did_not_write_is_refused(hub: HubProcess) -> None:
    async with caller(hub) as call:
        await call("POST", "", web_of(3))
        first = (await call("GET", "Patient?_count=1")).json
        following = next(link["url"] for link in first["link"] if link["relation"] == "next")
        name, token = urlsplit(following).query.rsplit("&", 1)[-1].split("=", 1)
        assert (await call("GET", following)).status == 200
        for broken in (token[:-2], token[::-1], token + "A", token.swapcase(), "", "AAAA", "../../etc/passwd"):
            assert await status_of(call, "GET", f"Patient?_count=1&{name}={quote(broken)}") in (400, 410, 422)
        other = following.replace("/Patient", "/Observation")
        assert await status_of(call, "GET", other) in (400, 410, 422)


# headers

INJECTED = "x\r\nX-Injected: yes"


@pytest.mark.parametrize(
    "url",
    [
        f"Patient/{quote(INJECTED, safe='')}",
        f"Patient?_format={quote(INJECTED)}",
        f"Patient?name={quote(INJECTED)}",
        f"Patient?_sort={quote(INJECTED)}",
        f"{quote(INJECTED, safe='')}",
    ],
)
async def test_an_address_brings_no_header_into_an_answer(call: Caller, url: str) -> None:
    answer = await call("GET", url)
    assert answer.status < 500
    assert "X-Injected" not in answer.headers


@pytest.mark.parametrize(
    "header",
    ["X-Request-Id", "Accept", "If-None-Exist", "Prefer", "If-Match", "Origin", "Content-Encoding", "X-Forwarded-For"],
)
async def test_a_header_that_is_no_text_is_refused_or_passed_over(call: Caller, header: str) -> None:
    answer = await raw(call, "GET", "Patient", {header: "\xff\x01{}'\"<script>" + "A" * 4_000})
    status = int(answer.split(b" ", 2)[1])
    assert 200 <= status < 500
    assert b"<script>" not in answer.split(b"\r\n\r\n")[0]


async def test_a_line_break_in_stored_content_is_refused_or_stays_in_it(hub: HubProcess) -> None:
    async with caller(hub) as call:
        binary = {"resourceType": "Binary", "contentType": "text/plain\r\nX-Injected: yes", "data": "eA=="}
        made = await call("POST", "Binary", binary)
        assert made.status in (201, 400, 422)
        if made.status == 201:
            answer = await raw(call, "GET", f"Binary/{made.json['id']}", {"Accept": "*/*"})
            assert b"X-Injected" not in answer.split(b"\r\n\r\n")[0]


@pytest.mark.parametrize(
    "token",
    ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "A" * 100_000],
    ids=["none", "x", "dots", "alg-none", "long"],
)
async def test_a_token_that_is_none_opens_nothing(hub: HubProcess, token: str) -> None:
    async with caller(hub, "") as call:
        answer = await raw(call, "GET", "Patient", {"Authorization": f"Bearer {token}"})
        assert answer.split(b" ", 2)[1] in (b"400", b"401", b"431")


async def raw(
    call: Caller, method: str, path: str, headers: dict[str, str], *, chunk: bytes = b"", chunks: int = 0
) -> bytes:
    """Speak to the hub without a library that would see to what is sent; what it answers."""
    base = urlsplit(call.base_url)
    known = {"Host": base.netloc, "Connection": "close"}
    if call.token:
        known["Authorization"] = f"Bearer {call.token}"
    lines = [f"{method} {base.path}/{path} HTTP/1.1", *(f"{k}: {v}" for k, v in {**known, **headers}.items())]
    reader, writer = await asyncio.open_connection(base.hostname, base.port)
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        return await asyncio.wait_for(_told(reader, writer, chunk, chunks), SOON)
    finally:
        writer.close()


async def _told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, chunk: bytes, chunks: int) -> bytes:
    for _ in range(chunks):
        if writer.transport.is_closing() or reader.at_eof():
            break
        writer.write(chunk)
        try:
            await writer.drain()
        except ConnectionError:
            break
    try:
        return await reader.read(65_536)
    except ConnectionError:
        return b""
