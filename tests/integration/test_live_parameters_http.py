"""A SearchParameter that a client posts to a running hub: indexed, searched by, told, and there after a restart."""

from pathlib import Path
from typing import Any

from tests.integration.hub import SETTINGS, Answer, Caller, Locality, caller, eventually, running_hub

from careloom.definitions import Definitions
from careloom.search import SearchParameters
from careloom.store.source import StoreSource

LOT: dict[str, Any] = {
    "resourceType": "SearchParameter",
    "url": "https://hub.example/SearchParameter/lot",
    "name": "Lot",
    "status": "active",
    "description": "Where a patient lives, or somebody of theirs",
    "code": "lot",
    "base": ["Patient"],
    "type": "string",
    "expression": "Patient.address.city | Patient.contact.address.city",
}
PATIENT = {"resourceType": "Patient", "address": [{"city": "Leeds"}]}


async def found(call: Caller, text: str = "leeds") -> Answer:
    return await call("GET", f"Patient?lot={text}", Prefer="handling=strict")


async def told(call: Caller) -> list[dict[str, Any]]:
    """What the CapabilityStatement says of the parameter."""
    [of_server] = (await call("GET", "metadata")).json["rest"]
    [of_patient] = (each for each in of_server["resource"] if each["type"] == "Patient")
    return [each for each in of_patient["searchParam"] if each["name"] == "lot"]


async def test_it_is_searched_by_until_it_is_deleted_and_survives_a_restart(tmp_path: Path) -> None:
    locality = Locality.make(tmp_path)
    with running_hub(locality) as hub:
        async with caller(hub) as call:
            await call("POST", "Patient", PATIENT)
            assert (await found(call)).status == 400
            answer = await call("POST", "SearchParameter", LOT)
            assert answer.status == 201, answer.json
            assert (await call.audit_of(answer))["action"] == "C"
            assert len(await told(call)) == 1

            async def is_found() -> bool:
                return (await found(call)).status == 200

            await eventually(is_found)
            assert [each["definition"] for each in await told(call)] == [LOT["url"]]
            assert len((await found(call)).json["entry"]) == 1
            id = answer.json["id"]
        assert hub.stop() == 0
    with running_hub(locality) as hub:
        async with caller(hub) as call:
            assert len((await found(call)).json["entry"]) == 1
            assert (await call("DELETE", f"SearchParameter/{id}")).status in (200, 204)
            assert (await found(call)).status == 400
            assert await told(call) == []


async def test_what_could_not_be_served_is_refused_with_its_element(tmp_path: Path) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"request": {"method": "POST", "url": "Patient"}, "resource": PATIENT},
            {"request": {"method": "POST", "url": "SearchParameter"}, "resource": {**LOT, "code": "name"}},
        ],
    }
    with running_hub(Locality.make(tmp_path)) as hub:
        async with caller(hub) as call:
            for answer in (
                await call("POST", "SearchParameter", {**LOT, "code": "name"}),
                await call("PUT", "SearchParameter/x", {**LOT, "id": "x", "code": "name"}),
                await call("POST", "", bundle),
            ):
                assert answer.status == 422
                [issue] = answer.json["issue"]
                assert issue["expression"][0].endswith(".code")
                assert "Patient has 'name' already" in issue["diagnostics"]
            assert (await call("GET", "SearchParameter?_summary=count")).json["total"] == 0
            assert (await call("GET", "Patient?_summary=count")).json["total"] == 0
        async with caller(hub, "gp-system") as other:
            assert (await other("POST", "SearchParameter", LOT)).status == 403


async def test_a_hub_takes_up_what_another_process_on_the_same_postgresql_records(
    tmp_path: Path, postgres_url: str, definitions: Definitions
) -> None:
    settings = SETTINGS.replace('database = "var/hub.db"', "") + f'\n[store]\nurl = "{postgres_url}"\n'
    with running_hub(Locality.make(tmp_path, settings)) as hub:
        other = await StoreSource(postgres_url).open(tenant="north", parameters=SearchParameters(definitions))
        async with caller(hub) as call:
            await other.commit(lambda turn: (turn.create(PATIENT), turn.update({**LOT, "id": "lot"})))

            async def is_found() -> bool:
                return (await found(call)).status == 200

            await eventually(is_found)
            assert len((await found(call)).json["entry"]) == 1
            await other.commit(lambda turn: turn.delete("SearchParameter", "lot"))

            async def is_gone() -> bool:
                return not await told(call)

            await eventually(is_gone)
        await other.close()
