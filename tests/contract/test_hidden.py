"""What a client may not see changes nothing of what it is told: two records, the same but for that, answer alike.

The client may do everything with some types. One record holds nothing else; the other holds also what these refer to,
what refers to them, what is about the same patients, and what is another client's own. Each request is sent to both.
"""

import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.contract.stores import STORES, opened
from tests.unit.rest import conftest as fixtures
from tests.unit.rest.desk import GRANT, NOW, Desk, entry, transaction

from careloom.governance import Agreement, Client, Grant, Registry
from careloom.model.resource import Resource
from careloom.search import SearchParameters

desk, hub_key, parameters = fixtures.desk, fixtures.hub_key, fixtures.parameters

OWNER = "https://owner.example"
NARROW = replace(GRANT, client="gp-system", organisation="gp")
TYPES = frozenset({"Patient", "Observation", "Encounter", "Composition", "Group", "Subscription"})


def about(type: str, id: str, **elements: Any) -> Resource:
    return {"resourceType": type, "id": id, "subject": {"reference": "Patient/p"}, **elements}


def subscription(id: str) -> Resource:
    return {"resourceType": "Subscription", "id": id, "status": "active", "criteria": "https://topic.example"}


CODE = {"coding": [{"system": "urn:codes", "code": "a"}]}
SEEN: tuple[Resource, ...] = (
    {
        "resourceType": "Patient",
        "id": "p",
        "name": [{"family": "Ashe", "given": ["Ann"]}],
        "birthDate": "1970-01-01",
        "generalPractitioner": [{"reference": "Practitioner/g"}],
        "managingOrganization": {"reference": "Organization/o"},
    },
    {"resourceType": "Patient", "id": "q", "managingOrganization": {"reference": "Organization/none"}},
    about("Encounter", "e", diagnosis=[{"condition": {"reference": "Condition/c"}}]),
    about("Observation", "b", code=CODE, performer=[{"reference": "Practitioner/g"}], category=[CODE]),
    about("Composition", "k", section=[{"entry": [{"reference": "Condition/c"}]}]),
    {"resourceType": "Group", "id": "h", "member": [{"entity": {"reference": f"{who}"}} for who in ("Patient/p",)]},
)
HIDDEN: tuple[Resource, ...] = (
    {"resourceType": "Practitioner", "id": "g", "name": [{"family": "Birch"}], "identifier": [{"value": "g1"}]},
    {"resourceType": "Organization", "id": "o", "name": "Trust", "meta": {"tag": [{"code": "hidden"}]}},
    about("Condition", "c", code=CODE, encounter={"reference": "Encounter/e"}, meta={"security": [{"code": "R"}]}),
    about("List", "l", code={"text": "x"}, entry=[{"item": {"reference": "Patient/p"}}]),
    {"resourceType": "Provenance", "id": "v", "target": [{"reference": "Patient/p"}]},
    {"resourceType": "RelatedPerson", "id": "r", "patient": {"reference": "Patient/p"}},
    {"resourceType": "Device", "id": "d", "patient": {"reference": "Patient/p"}},
    subscription("of-another"),
)

READS = [line for line in Path(__file__).with_name("hidden.txt").read_text().splitlines() if line and line[0] != "#"]

NEW: Resource = {"resourceType": "Observation", "status": "final", "code": CODE}
ON_HIDDEN = ("organization.name=Trust", "general-practitioner.name=Birch", "_has:Condition:subject:code=a", "_list=l")
PATCH = [{"op": "add", "path": "/active", "value": True}]

Asked = tuple[str, str, dict[str, Any]]


def writes() -> list[Asked]:
    """What would change something if what is hidden could be seen, or could be changed."""
    made: list[Asked] = []
    for criteria in ON_HIDDEN:
        patient = {"resourceType": "Patient"}
        referring = {**NEW, "subject": {"reference": f"Patient?{criteria}"}}
        made += [
            ("POST", "", {"body": transaction(entry("POST", "Observation", referring))}),
            ("POST", "", {"body": transaction(entry("GET", f"Patient?{criteria}"), type="batch")}),
            ("PATCH", f"Patient?{criteria}", {"patch": PATCH}),
            ("DELETE", f"Patient?{criteria}", {}),
            ("POST", "Patient", {"body": patient, "if_none_exist": criteria}),
            ("PUT", f"Patient?{criteria}", {"body": patient}),
        ]
    condition = about("Condition", "c")
    return [
        *made,
        ("PUT", "Condition/c", {"body": condition}),
        ("PUT", "Condition/c", {"body": condition, "if_match": 'W/"1"'}),
        ("PATCH", "Condition/c", {"patch": PATCH}),
        ("DELETE", "Condition/c", {}),
        ("DELETE", "Condition?code=a", {}),
        ("POST", "Condition", {"body": condition, "if_none_exist": "code=a"}),
        ("POST", "", {"body": transaction(entry("POST", "Observation", NEW), entry("GET", "Condition/c"))}),
        ("POST", "", {"body": transaction(entry("DELETE", "Condition/c"), type="batch")}),
        ("POST", "", {"body": transaction(entry("GET", "Composition/k/$document"), type="batch")}),
        ("DELETE", "Subscription?_id=of-another", {}),
        ("PATCH", "Subscription?_id=of-another", {"patch": PATCH}),
        ("POST", "Subscription", {"body": subscription("x"), "if_none_exist": "_id=of-another"}),
        ("POST", "Patient/p/$erase", {"body": {"resourceType": "Parameters"}}),
    ]


def rules(whole: Registry) -> Registry:
    """Two organisations; the second may do everything with some types."""
    [everything] = whole.agreements
    narrow: Agreement = replace(everything, id="narrow", parties=("acute", "gp"), grantees=("gp",), types=TYPES)
    organisations = (*whole.organisations, replace(whole.organisations[0], id="gp"))
    clients = (*whole.clients, Client("gp-system", "gp", scopes=GRANT.scopes))
    return replace(whole, organisations=organisations, clients=clients, agreements=(everything, narrow))


@pytest.fixture(params=STORES)
async def worlds(
    request: pytest.FixtureRequest, tmp_path: Path, desk: Desk, parameters: SearchParameters
) -> AsyncIterator[tuple[Desk, Desk]]:
    """A hub whose record holds what is hidden, and one whose record does not."""
    if request.param == "postgres":
        request.getfixturevalue("postgres")

    def own(resource: Resource, grant: Grant) -> Resource:
        return resource | {"meta": {"tag": [{"system": OWNER, "code": grant.client}]}}

    known = {
        "registry": rules(desk.hub.registry),
        "before_write": {"Subscription": own},
        "owned": {"Subscription": OWNER},
    }
    async with AsyncExitStack() as stack:
        made = []
        for name, content in (("with", (*SEEN, *HIDDEN)), ("without", SEEN)):
            folder = tmp_path / name
            folder.mkdir()
            store = await stack.enter_async_context(opened(request.param, folder, parameters, lambda: NOW))
            hub = desk.with_hub(repository=store, **known)
            for resource in content:
                url = f"{resource['resourceType']}/{resource['id']}"
                assert 201 == (await hub("PUT", url, resource)).status
            made.append(hub)
        yield made[0], made[1]


async def told(hub: Desk, method: str, url: str, **sent: Any) -> str:
    """Status, headers and body of an answer, without what no two answers share."""
    answer = await hub(method, url, grant=NARROW, **sent)
    kept = {name: value for name, value in answer.headers.items() if name not in ("Careloom-Audit", "Last-Modified")}
    text = json.dumps([answer.status, kept, answer.resource or answer.json], default=str, sort_keys=True)
    return re.sub(r"\bid-\d+|\d{4}-\d\d-\d\dT[\d:.]+Z|[0-9a-f]{8}-[0-9a-f-]{27}", "…", text)


async def test_no_answer_tells_of_what_is_hidden(worlds: tuple[Desk, Desk]) -> None:
    asked: list[Asked] = [("GET", url, {}) for url in READS]
    for method, url, sent in (*asked, *writes()):
        with_it, without_it = [await told(hub, method, url, **sent) for hub in worlds]
        assert without_it == with_it, f"{method} {url}"
        assert not with_it.startswith("[5"), f"{method} {url}: {with_it}"


async def test_what_is_hidden_is_all_there_afterwards(worlds: tuple[Desk, Desk]) -> None:
    for method, url, sent in writes():
        await told(worlds[0], method, url, **sent)
    for resource in HIDDEN:
        answer = await worlds[0]("GET", f"{resource['resourceType']}/{resource['id']}")
        assert (200, 'W/"1"') == (answer.status, answer.headers["ETag"])
