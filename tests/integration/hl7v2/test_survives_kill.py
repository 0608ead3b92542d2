"""A hub that is killed has kept every message that it acknowledged, and takes none twice when its sender goes on."""

import asyncio
import random
import signal
from collections import Counter
from pathlib import Path
from typing import Any

from tests.integration.hl7v2.conftest import adt, stay
from tests.integration.hub import SETTINGS, Caller, Locality, caller, running_hub
from tests.patience import PATIENCE

from careloom.connectathon.ports import free_port
from careloom.connectors.hl7v2 import parse
from careloom.connectors.hl7v2.mllp import END, framed

KILLS = 3
CONNECTIONS = 4
MESSAGES = 60
"""Of each connection."""

PORT = """
[[mllp]]
client = "acute-epr"
port = {port}
"""


async def test_what_was_acknowledged_survives_kills_and_is_there_once(tmp_path: Path, database: str) -> None:
    chance, port = random.Random(5), free_port()
    locality = Locality.make(tmp_path, SETTINGS + PORT.format(port=port) + database)
    conversations = [[_admission(name, number) for number in range(MESSAGES)] for name in range(CONNECTIONS)]
    answered: list[str] = []
    for kill in range(1, KILLS + 1):
        enough = chance.randrange((kill - 1) * 60 + 1, kill * 60)
        with running_hub(locality) as hub:
            async with caller(hub) as epr:
                assert set(answered) <= await _numbers(epr)
            sending = [asyncio.create_task(_converse(port, each, answered)) for each in conversations]
            async with asyncio.timeout(5 * PATIENCE):
                while len(answered) < enough:
                    await asyncio.sleep(0.001)
            hub.stop(signal.SIGKILL)
            await asyncio.gather(*sending)
    with running_hub(locality) as hub:
        async with asyncio.timeout(5 * PATIENCE):
            await asyncio.gather(*(_converse(port, each, answered) for each in conversations))
        async with caller(hub) as epr:
            assert Counter(answered) == Counter(await _numbers(epr))
            versions = Counter(each["meta"]["versionId"] for each in await _every(epr, "Encounter"))
            audited = Counter(_request(each) for each in await _every(epr, "AuditEvent?subtype=transaction"))
    assert versions == {"1": CONNECTIONS * MESSAGES}
    assert [number for number in answered if audited[number] != 1] == []


def _admission(name: int, number: int) -> bytes:
    own = f"{name}-{number}"
    patient, visit = f"1||P-{own}^^^ACUTE||Okafor^Ada", stay(number=f"V-{own}^^^ACUTE")
    return adt("A01", control_id=own, pid=patient, pv1=visit)


async def _converse(port: int, messages: list[bytes], answered: list[str]) -> None:
    """Send what is not answered yet, without waiting, and note what is accepted, until that is all or the hub dies."""
    left = [message for message in messages if parse(message).control_id not in answered]
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"".join(map(framed, left)))
        for message in left:
            answer = parse((await reader.readuntil(END)).strip(b"\x0b\x1c\r")).first("MSA")
            assert (answer.value(1).text, answer.value(2).text) == ("AA", parse(message).control_id)
            answered.append(answer.value(2).text)
        writer.close()
    except (ConnectionError, asyncio.IncompleteReadError):
        return


async def _numbers(epr: Caller) -> set[str]:
    """The control ids whose admission is on record, patient and stay both."""
    patients = {each["id"]: each["identifier"][0]["value"] for each in await _every(epr, "Patient")}
    stays = await _every(epr, "Encounter")
    whose = {each["identifier"][0]["value"]: patients[each["subject"]["reference"][8:]] for each in stays}
    assert len(patients) == len(stays) == len(whose)
    assert all(visit[2:] == patient[2:] for visit, patient in whose.items())
    return {visit[2:] for visit in whose}


async def _every(epr: Caller, asked: str) -> list[Any]:
    answer = await epr("GET", f"{asked}{'&' if '?' in asked else '?'}_count=1000")
    assert answer.status == 200, answer.json
    return [entry["resource"] for entry in answer.json.get("entry", ())]


def _request(event: Any) -> str:
    """The id of the request that an audit record names."""
    found = [each["what"]["identifier"]["value"] for each in event["entity"] if "identifier" in each.get("what", {})]
    return str(found[-1]) if found else ""
