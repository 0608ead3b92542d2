"""A hub with a port for HL7 v2: what is acknowledged there is on record in it."""

import asyncio
from pathlib import Path

from tests.integration.hl7v2.conftest import adt
from tests.patience import PATIENCE

from careloom.app import running
from careloom.connectors.hl7v2 import parse
from careloom.connectors.hl7v2.mllp import END, framed
from careloom.definitions import Definitions
from careloom.governance import jwks, new_key
from careloom.model import serialize_json
from careloom.search import parse_query
from careloom.settings import load_settings

SETTINGS = """
[hub]
base_url = "http://127.0.0.1:8080/fhir"
pages = false

[[organisations]]
id = "acute"
name = "North Acute Trust"

[[clients]]
id = "meridian"
organisation = "acute"
jwks = "meridian.json"
scopes = ["system/*.cruds"]

[[agreements]]
id = "record"
title = "The shared record"
parties = ["acute"]
interactions = ["create", "update"]
types = ["Patient", "Encounter", "Location"]
purposes = ["TREAT"]
start = 2026-01-01
end = 2099-12-31

[[mllp]]
client = "meridian"
port = 0
"""


async def test_what_is_acknowledged_at_the_port_is_on_record(tmp_path: Path, definitions: Definitions) -> None:
    (tmp_path / "meridian.json").write_bytes(serialize_json(jwks([new_key().public])))
    (tmp_path / "careloom.toml").write_text(SETTINGS, "utf-8")
    async with running(load_settings(tmp_path / "careloom.toml")) as app:
        (port,) = app.mllp_ports
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(framed(adt("A01")))
        answer = await asyncio.wait_for(reader.readuntil(END), PATIENCE)
        writer.close()
        found = await app.hub.repository.search(parse_query("Encounter", [], app.hub.parameters, strict=True))
    assert parse(answer.strip(b"\x0b\x1c\r")).first("MSA").value(1).text == "AA"
    assert [version.resource["status"] for version in found.matches if version.resource] == ["in-progress"]
