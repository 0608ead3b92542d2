import gzip
from base64 import b64encode

import pytest
import zstandard
from tests.unit.rest.counter import send
from tests.unit.rest.desk import Desk, patient

from careloom.definitions import Definitions
from careloom.model.json import parse_json, serialize_json
from careloom.model.xml import parse_xml, serialize_xml
from careloom.rest.compression import packed

JSON, XML = "application/fhir+json", "application/fhir+xml"


async def test_xml_is_read_and_written(desk: Desk, definitions: Definitions) -> None:
    sent = serialize_xml(patient(id="p", birthDate="1950-01-01"), definitions.types)
    answer = await send(desk, "PUT", "/Patient/p", sent, content_type=XML, accept=XML)
    assert (answer.status, answer.headers["Content-Type"]) == (201, f"{XML}; charset=utf-8")
    assert answer.data is not None
    told = parse_xml(answer.data, definitions.types)
    assert (told["birthDate"], told["meta"]["versionId"]) == ("1950-01-01", "1")


async def test_bundles_outcomes_and_capabilities_are_told_in_xml(desk: Desk, definitions: Definitions) -> None:
    await send(desk, "PUT", "/Patient/p", serialize_json(patient(id="p")), content_type=JSON)
    for path, kind in (("/Patient", "Bundle"), ("/Patient/none", "OperationOutcome")):
        answer = await send(desk, "GET", path, accept=XML)
        assert answer.data is not None and parse_xml(answer.data, definitions.types)["resourceType"] == kind
    told = await send(desk, "GET", "/metadata", query="_format=xml", known=False)
    assert told.data is not None
    assert parse_xml(told.data, definitions.types)["resourceType"] == "CapabilityStatement"


async def test_transaction_may_come_in_xml(desk: Desk, definitions: Definitions) -> None:
    entry = {"resource": patient(), "request": {"method": "POST", "url": "Patient"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    answer = await send(desk, "POST", "/", serialize_xml(bundle, definitions.types), content_type=XML)
    assert answer.status == 200 and len(await desk.all("Patient")) == 1


async def test_xml_that_says_what_json_could_not_is_refused(desk: Desk) -> None:
    sent = b'<Patient xmlns="http://hl7.org/fhir">words<active value="true"/></Patient>'
    answer = await send(desk, "POST", "/Patient", sent, content_type=XML)
    assert answer.status == 400 and answer.resource is not None
    assert "no text between elements" in answer.resource["issue"][0]["diagnostics"]


@pytest.mark.parametrize(
    "sent",
    [b"", b"<Patient", b'<!DOCTYPE x [<!ENTITY a "b">]><Patient xmlns="http://hl7.org/fhir"/>'],
)
async def test_what_is_no_xml_is_malformed(sent: bytes, desk: Desk) -> None:
    assert (await send(desk, "POST", "/Patient", sent, content_type=XML)).status == 400


async def test_lines_are_broken_for_people(desk: Desk) -> None:
    plain = await send(desk, "GET", "/Patient", query="_pretty=false")
    pretty = await send(desk, "GET", "/Patient", query="_pretty=true")
    assert plain.data is not None and pretty.data is not None
    assert b"\n" not in plain.data and b"\n  " in pretty.data
    assert parse_json(pretty.data)["resourceType"] == "Bundle"


async def test_format_that_is_not_written_is_406_in_json(desk: Desk) -> None:
    answer = await send(desk, "GET", "/Patient", accept="text/turtle")
    assert answer.status == 406 and answer.data is not None
    assert parse_json(answer.data)["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_bodies_may_come_packed(encoding: str, desk: Desk) -> None:
    sent = packed(serialize_json(patient()), encoding)
    answer = await send(desk, "POST", "/Patient", sent, content_type=JSON, content_encoding=encoding)
    assert answer.status == 201


async def test_bomb_is_413_and_unknown_packing_415(desk: Desk) -> None:
    bomb = gzip.compress(bytes(desk.hub.limits.body + 1))
    assert (await send(desk, "POST", "/Patient", bomb, content_type=JSON, content_encoding="gzip")).status == 413
    assert (await send(desk, "POST", "/Patient", b"{}", content_type=JSON, content_encoding="br")).status == 415


async def test_large_answers_go_out_packed_to_those_who_can_unpack(desk: Desk) -> None:
    plain = await send(desk, "GET", "/metadata", known=False)
    small = await send(desk, "GET", "/metadata", known=False, accept_encoding="zstd, gzip")
    assert plain.data is not None and small.data is not None
    assert ("Content-Encoding" in plain.headers, small.headers["Content-Encoding"]) == (False, "zstd")
    assert zstandard.ZstdDecompressor().decompressobj().decompress(small.data) == plain.data
    assert "Accept-Encoding" in small.headers["Vary"]


async def test_raw_content_becomes_a_binary_and_comes_back_raw(desk: Desk) -> None:
    made = await send(desk, "POST", "/Binary", b"\x89PNG", content_type="image/png", x_security_context="Patient/p")
    assert made.status == 201 and made.resource is not None
    assert made.resource["data"] == b64encode(b"\x89PNG").decode()
    assert made.resource["securityContext"] == {"reference": "Patient/p"}
    path = f"/Binary/{made.resource['id']}"
    raw = await send(desk, "GET", path, accept="image/*, */*")
    assert (raw.data, raw.headers["Content-Type"]) == (b"\x89PNG", "image/png")
    assert (raw.headers["X-Security-Context"], raw.headers["ETag"]) == ("Patient/p", 'W/"1"')
    assert raw.headers["Content-Security-Policy"] == "sandbox"
    told = await send(desk, "GET", path, accept=JSON)
    assert told.data is not None and parse_json(told.data)["contentType"] == "image/png"


async def test_binary_in_json_is_a_resource(desk: Desk) -> None:
    binary = {"resourceType": "Binary", "contentType": "text/plain", "data": "YQ=="}
    made = await send(desk, "POST", "/Binary", serialize_json(binary), content_type=JSON)
    assert made.resource is not None and made.resource["contentType"] == "text/plain"


async def test_json_patch_comes_by_its_media_type(desk: Desk) -> None:
    await send(desk, "PUT", "/Patient/p", serialize_json(patient(id="p")), content_type=JSON)
    patch = b'[{"op": "add", "path": "/active", "value": true}]'
    for media, status in (
        ("application/json-patch+json", 200),
        ("application/json", 200),
        ("text/plain", 415),
        (JSON, 400),
    ):
        answer = await send(desk, "PATCH", "/Patient/p", patch, content_type=media)
        assert answer.status == status, media


async def test_patch_with_duplicate_keys_is_refused(desk: Desk) -> None:
    await send(desk, "PUT", "/Patient/p", serialize_json(patient(id="p")), content_type=JSON)
    patch = b'[{"op": "add", "op": "remove", "path": "/name", "value": true}]'
    answer = await send(desk, "PATCH", "/Patient/p", patch, content_type="application/json-patch+json")
    assert answer.status == 400


async def test_fhirpath_patch_may_come_in_xml(desk: Desk, definitions: Definitions) -> None:
    await send(desk, "PUT", "/Patient/p", serialize_json(patient(id="p")), content_type=JSON)
    parts = [{"name": "type", "valueCode": "delete"}, {"name": "path", "valueString": "Patient.name"}]
    patch = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}
    answer = await send(desk, "PATCH", "/Patient/p", serialize_xml(patch, definitions.types), content_type=XML)
    assert answer.status == 200 and answer.resource is not None and "name" not in answer.resource
