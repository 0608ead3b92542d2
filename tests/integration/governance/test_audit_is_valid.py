"""Every AuditEvent that the hub can make is a valid R4 resource, by the hub's own validator."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.governance.craft import BASE, NOW, agreement, registry

from careloom.definitions import Definitions
from careloom.governance import (
    INTERACTIONS,
    NOTIFICATION,
    TOKEN_REQUEST,
    AccessRequest,
    AuditEntry,
    AuditSource,
    Folded,
    Grant,
    audit_event,
    decide,
    folded_event,
    parse_scopes,
)
from careloom.governance.purposes import ACT_REASON, PURPOSES
from careloom.model.resource import Resource
from careloom.validation import Validator

KNOWN = registry(agreement())
GRANT = Grant("gp-app", "gp", parse_scopes("system/*.cruds"), "TREAT", NOW + timedelta(minutes=5), "token-1", NOW)
FULL = AuditEntry(
    "read",
    NOW,
    request_id="request-1",
    grant=GRANT,
    address="192.0.2.7",
    decision=decide(AccessRequest("read", "Composition"), GRANT, KNOWN, NOW),
    type="Composition",
    resources=("Composition/c1/_history/2",),
    patients=("Patient/p1",),
)
ENTRIES = {
    **{code: replace(FULL, interaction=code) for code in (*INTERACTIONS, TOKEN_REQUEST, NOTIFICATION, "purge")},
    "a search": replace(FULL, interaction="search-type", resources=(), query="Composition?subject=Patient/p1"),
    "nobody was refused": AuditEntry("read", NOW, outcome="8", description="no token"),
    "somebody claimed": AuditEntry(TOKEN_REQUEST, NOW, claimed_client="x\x00y", outcome="8", query="scope=\ud800"),
    "a write that failed": AuditEntry(
        "create", NOW, grant=GRANT, type="Patient", outcome="4", description="bad\n\tname"
    ),
    "the hub failed": replace(FULL, outcome="12", description="disk full", resources=(), patients=()),
    "a strange resource": replace(FULL, resources=("../../etc",), patients=("urn:uuid:1",)),
}


@pytest.fixture(scope="module")
def validator(definitions: Definitions) -> Validator:
    return Validator(definitions)


def made(name: str) -> Resource:
    return audit_event(ENTRIES[name], source=AuditSource(BASE, "north-locality"), registry=KNOWN, id="audit-1")


@pytest.mark.parametrize("name", ENTRIES)
def test_an_audit_event_is_valid(name: str, validator: Validator) -> None:
    issues = validator.validate(made(name))
    assert [issue for issue in issues if issue.is_error] == []


@pytest.mark.parametrize("network", ["192.0.2.7", "2001:db8:1:2::/64", ""])
def test_the_audit_event_of_several_refusals_is_valid(network: str, validator: Validator) -> None:
    folded = Folded("audit-1", network, NOW, NOW, ((400, 2), (401, 30)))
    event = folded_event(folded, source=AuditSource(BASE, "north-locality"), registry=KNOWN, recorded=NOW)
    assert [issue for issue in validator.validate(event) if issue.is_error] == []


def test_the_validator_would_have_noticed(validator: Validator) -> None:
    broken = made("read") | {"outcome": "5"}
    del broken["recorded"]
    assert len([issue for issue in validator.validate(broken) if issue.is_error]) >= 2


def test_the_purposes_are_those_of_the_code_system(definitions: Definitions) -> None:
    system = definitions.require(ACT_REASON, "CodeSystem", asked_by="this test")
    displays = dict(concepts(system["concept"]))
    assert {code: displays.get(code) for code in PURPOSES} == PURPOSES


def concepts(listed: list[Resource]) -> Iterator[tuple[str, str]]:
    """Code and display of each concept, nested ones too."""
    for concept in listed:
        yield concept["code"], concept.get("display", "")
        yield from concepts(concept.get("concept", []))
