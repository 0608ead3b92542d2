import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.governance.craft import BASE, NOW, agreement, registry

from careloom.governance import (
    INTERACTIONS,
    NOTIFICATION,
    TOKEN_REQUEST,
    AccessRequest,
    AuditEntry,
    AuditSource,
    Decision,
    Grant,
    audit_event,
    audit_form,
    audit_forms,
    decide,
    parse_scopes,
    token_query,
)
from careloom.model import serialize_json

KNOWN = registry(agreement())
GRANT = Grant("gp-app", "gp", parse_scopes("system/*.cruds"), "TREAT", NOW + timedelta(minutes=5), "token-1", NOW)
SOURCE = AuditSource(BASE, "north-locality")


def entry(interaction: str = "read", **changes: Any) -> AuditEntry:
    usual = AuditEntry(interaction, NOW, request_id="request-1", grant=GRANT, address="192.0.2.7", type="Composition")
    return replace(usual, **changes)


def event(interaction: str = "read", **changes: Any) -> dict[str, Any]:
    return audit_event(entry(interaction, **changes), source=SOURCE, registry=KNOWN, id="audit-1")


def codes(value: Any) -> Iterator[str]:
    """Every ``code`` below, in order."""
    if isinstance(value, dict):
        for name, child in value.items():
            yield from [child] if name == "code" else codes(child)
    elif isinstance(value, list):
        for child in value:
            yield from codes(child)


@pytest.mark.parametrize(
    ("interaction", "action", "client", "hub"),
    [
        ("create", "C", "110153", "110152"),
        ("read", "R", "110152", "110153"),
        ("vread", "R", "110152", "110153"),
        ("update", "U", "110153", "110152"),
        ("delete", "D", "110150", "custodian"),
        ("search-type", "E", "110153", "110152"),
        ("transaction", "E", "110153", "110152"),
        (TOKEN_REQUEST, "E", "110150", "AuthzOauthService"),
        (NOTIFICATION, "R", "110152", "110153"),
    ],
)
def test_action_and_parts_played_follow_balp(interaction: str, action: str, client: str, hub: str) -> None:
    made = event(interaction)
    played = [code for agent in made["agent"] for code in codes(agent["type"])]
    assert (made["action"], played) == (action, [client, "PROV", hub])


@pytest.mark.parametrize("interaction", INTERACTIONS)
def test_a_rest_interaction_is_its_subtype(interaction: str) -> None:
    made = event(interaction)
    assert made["type"]["code"] == "rest"
    assert list(codes(made["subtype"])) == [interaction]


def test_an_interaction_that_nobody_knows_is_audited_all_the_same() -> None:
    made = event("purge")
    assert made["action"] == "E"
    assert "subtype" not in made


def test_who_asked_is_the_client_and_its_organisation() -> None:
    client, organisation, _ = event()["agent"]
    assert client["who"]["identifier"] == {"system": f"{BASE}/clients", "value": "gp-app"}
    assert client["who"]["display"] == "gp system"
    assert client["network"] == {"address": "192.0.2.7", "type": "2"}
    assert organisation["who"]["identifier"]["value"] == "GP"
    assert organisation["who"]["display"] == "Practice"


def test_exactly_one_agent_asked() -> None:
    for interaction in ("read", NOTIFICATION):
        assert [agent["requestor"] for agent in event(interaction)["agent"]].count(True) == 1


def test_the_purpose_is_that_of_the_token() -> None:
    made = event()
    assert list(codes(made["purposeOfEvent"])) == ["TREAT"]
    assert list(codes(made["agent"][1]["purposeOfUse"])) == ["TREAT"]
    assert "purposeOfEvent" not in event(grant=replace(GRANT, purpose=""))


def test_the_decision_is_told_with_its_reason_and_agreement() -> None:
    made = event(decision=decide(AccessRequest("read", "Composition"), GRANT, KNOWN, NOW))
    assert made["outcomeDesc"] == "agreement 'letters' lets organisation 'gp' read Composition for TREAT"
    assert made["agent"][0]["policy"] == [
        "urn:ietf:params:oauth:jti:token-1",
        "urn:careloom:agreement:letters",
    ]


def test_an_agreement_that_did_not_permit_is_no_policy() -> None:
    made = event(decision=Decision(False, "agreement-type", "no", "letters"), outcome="8")
    assert made["agent"][0]["policy"] == ["urn:ietf:params:oauth:jti:token-1"]


def test_the_patient_and_the_resource_are_entities() -> None:
    made = event(resources=("Composition/c1/_history/2",), patients=("Patient/p1",))
    told = [(entity["what"].get("reference"), *codes(entity)) for entity in made["entity"]]
    assert told == [
        ("Patient/p1", "1", "1"),
        ("Composition/c1/_history/2", "2", "4"),
        (None, "XrequestId"),
    ]


def test_a_search_is_kept_as_it_was_typed() -> None:
    typed = "Patient?name=O'Brien&_count=%00<script>"
    (query, _) = event("search-type", query=typed)["entity"]
    assert base64.b64decode(query["query"]).decode() == typed
    assert list(codes(query)) == ["2", "24"]
    assert "name" not in query


def test_the_request_id_is_an_entity_of_its_own() -> None:
    assert event()["entity"][-1]["what"]["identifier"]["value"] == "request-1"


def test_each_patient_of_a_search_gets_an_event() -> None:
    ids = count(1)
    forms = audit_forms(
        entry("search-type", patients=("Patient/1", "Patient/2", "Patient/3"), query="Composition"),
        source=SOURCE,
        registry=KNOWN,
        new_id=lambda: f"a{next(ids)}",
    )
    made = [form.written_out() for form in forms]
    assert [form.id for form in forms] == [each["id"] for each in made]
    assert [(each["id"], each["entity"][0]["what"]["reference"]) for each in made] == [
        ("a1", "Patient/1"),
        ("a2", "Patient/2"),
        ("a3", "Patient/3"),
    ]


@pytest.mark.parametrize(("interaction", "patients"), [("transaction", 2), ("search-type", 0), ("search-type", 1)])
def test_any_other_request_gets_one_event(interaction: str, patients: int) -> None:
    some = tuple(f"Patient/{at}" for at in range(patients))
    assert len(audit_forms(entry(interaction, patients=some), source=SOURCE, registry=KNOWN, new_id=lambda: "a")) == 1


def test_a_refused_write_is_found_by_its_type() -> None:
    made = event("create", outcome="4", description="Composition.title: at least 1 expected, 0 found")
    assert made["entity"][0]["what"] == {"display": "Composition, none recorded"}


def test_a_client_that_was_not_proven_is_told_as_claimed() -> None:
    made = event(grant=None, claimed_client="gp-app", outcome="8")
    client, _ = made["agent"]
    assert client["who"]["display"] == "gp-app (claimed, not proven)"
    assert "policy" not in client


def test_nobody_is_told_as_unknown() -> None:
    assert event(grant=None, outcome="8")["agent"][0]["who"] == {"display": "unknown"}


def test_an_operation_is_named() -> None:
    assert event("operation", operation="validate")["subtype"][1] == {"display": "$validate"}


def test_a_token_request_is_recorded_without_the_assertion_and_the_token() -> None:
    form = [
        ("grant_type", "client_credentials"),
        ("client_assertion", "secret.secret.secret"),
        ("scope", "system/*.rs"),
    ]
    made = event(TOKEN_REQUEST, query=token_query(form))
    query, token, _ = made["entity"]
    assert base64.b64decode(query["query"]) == b"grant_type=client_credentials&scope=system/*.rs"
    assert token["what"]["identifier"]["value"] == "urn:ietf:params:oauth:jti:token-1"
    assert "secret" not in json.dumps(made)


texts = st.text(st.characters(), max_size=20) | st.sampled_from(["\x00", "\ud800", "Patient/1", "../../x", "x" * 9000])


@given(
    interaction=st.sampled_from([*INTERACTIONS, TOKEN_REQUEST, NOTIFICATION, "purge"]),
    request_id=texts,
    description=texts,
    claimed_client=texts,
    address=texts,
    type=texts,
    operation=texts,
    query=texts,
    resources=st.lists(texts, max_size=2).map(tuple),
    grant=st.sampled_from([GRANT, None]),
)
def test_whatever_was_asked_the_event_is_sound_fhir_json(**changes: Any) -> None:
    made = event(**changes)
    assert json.loads(serialize_json(made)) == made
    assert all(text and text == text.strip() and text.isprintable() for text in strings(made))
    assert made["agent"]
    assert {"type", "recorded", "source", "action", "outcome"} <= made.keys()


FORMS = st.builds(
    entry,
    interaction=st.sampled_from(["read", "search-type", "operation"]),
    request_id=st.sampled_from(["", "r-1", "r-2"]),
    outcome=st.sampled_from(["0", "4"]),
    description=st.sampled_from(["", "404: not found"]),
    recorded=st.sampled_from([NOW, NOW + timedelta(seconds=1)]),
    type=st.sampled_from(["", "Patient", "Task"]),
    resources=st.lists(st.sampled_from(["Task/1", "Task/2", "Patient/1", " x", "#1"]), max_size=2).map(tuple),
    patients=st.lists(st.sampled_from(["Patient/1", "Patient/2"]), max_size=2).map(tuple),
    query=st.sampled_from(["", "Task?code=a", "Task?code=b"]),
    grant=st.sampled_from([GRANT, None]),
    operation=st.sampled_from(["", "everything"]),
)


@given(FORMS, FORMS)
def test_what_is_of_one_kind_differs_in_its_blanks_alone(one: AuditEntry, other: AuditEntry) -> None:
    forms = [audit_form(each, source=SOURCE, registry=KNOWN, id="audit-1") for each in (one, other)]
    if len({(form.kind, form.alike, *map(bool, (form.query, form.request_id))) for form in forms}) == 1:
        left, right = (blanked(form.written_out()) for form in forms)
        assert left == right


@given(FORMS)
def test_a_form_tells_what_its_record_has_in_the_blanks(asked: AuditEntry) -> None:
    form = audit_form(asked, source=SOURCE, registry=KNOWN, id="audit-1")
    made = form.written_out()
    entities = made.get("entity", [])
    places = [each["what"].get("reference", each["what"].get("display")) for each in entities if "what" in each]
    assert made == audit_event(asked, source=SOURCE, registry=KNOWN, id="audit-1")
    assert tuple(places[: len(form.references)]) == form.references
    assert [each["query"] for each in entities if "query" in each] == ([form.query] if form.query else [])
    assert ("identifier" in entities[-1].get("what", {}) if entities else False) == bool(form.request_id)


def test_a_form_says_which_of_its_entities_are_alike() -> None:
    patients, resources = ("Patient/1", "Patient/2"), ("Task/1/_history/1", "Flag/1/_history/1", "Task/2/_history/1")
    asked = entry("transaction", patients=patients, resources=resources)
    form = audit_form(asked, source=SOURCE, registry=KNOWN, id="audit-1")
    assert form.alike == (2, 3)
    entities = [{**each, "what": None} for each in form.written_out()["entity"]]
    assert form.references == (*patients, *resources)
    assert entities[0] == entities[1] != entities[2] == entities[3] == entities[4] != entities[5]


def blanked(event: dict[str, Any]) -> dict[str, Any]:
    """A record without what forms have beside their kind."""
    return {**event, "recorded": "", "entity": [blanked_entity(each) for each in event.get("entity", [])]}


def blanked_entity(entity: dict[str, Any]) -> dict[str, Any]:
    what = entity.get("what", {})
    is_open = "reference" in what or "identifier" in what or what.get("display") in ("x", "#1")
    return {**entity, "what": {} if is_open else what, "query": ""}


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(child)
