from typing import Any

import pytest
from tests.unit.connectathon.builders import audit_event, exchange, message, outcome

from careloom.connectathon.assertions import (
    Assertion,
    DecisionIs,
    HeaderMatches,
    HeaderSameAs,
    PathHolds,
    Scene,
    StatusIs,
)
from careloom.connectathon.decision import decision_of
from careloom.connectathon.exchange import Exchange
from careloom.connectathon.verdict import Finding
from careloom.model import Resource


def evaluate(expression: str, resource: Resource) -> list[Any]:
    """As much FHIRPath as these tests need: the property of that name."""
    value = resource.get(expression, [])
    return value if isinstance(value, list) else [value]


def judged(
    assertion: Assertion, made: Exchange, *, other: Exchange | None = None, event: Resource | None = None
) -> Finding:
    decision = decision_of(made.number, event) if event else None
    scene = Scene("locality", evaluate, lambda name: other, lambda number: decision)
    return assertion.judge(made, scene)


def test_a_status_holds_when_it_is_the_one() -> None:
    assert judged(StatusIs(200), exchange(status=200)).held
    assert judged(StatusIs(200), exchange(status=422)) == Finding("the status is 200", False, "422")


def test_without_an_answer_no_status_holds() -> None:
    assert (
        judged(StatusIs(200), exchange(status=0, fault="hub does not answer")).found == "no answer: hub does not answer"
    )


@pytest.mark.parametrize(
    ("active", "held"), [(True, True), (False, False), ([], False), ([True, True], False), ("x", False)]
)
def test_an_expression_holds_only_when_it_is_true_once(active: Any, held: bool) -> None:
    body = message({"resourceType": "Patient", "active": active})
    assert judged(PathHolds("response", "active", ""), exchange(response=body)).held is held


def test_an_expression_on_what_is_no_resource_does_not_hold() -> None:
    finding = judged(PathHolds("response", "active", "why"), exchange(response=message(b"<html>")))
    assert finding == Finding("why (response: active)", False, "the response has no FHIR resource")


def test_a_header_must_match_as_a_whole() -> None:
    made = exchange(request=message(webhook_id="msg_1"))
    assert judged(HeaderMatches("request", "webhook-id", "msg_."), made).held
    assert not judged(HeaderMatches("request", "webhook-id", "msg"), made).held
    assert judged(HeaderMatches("request", "etag", ".+"), made).found == "absent"


def test_a_header_can_be_compared_with_another_exchange() -> None:
    first, second = (exchange(request=message(webhook_id=text)) for text in ("a", "b"))
    assert judged(HeaderSameAs("request", "webhook-id", "first"), first, other=first).held
    assert not judged(HeaderSameAs("request", "webhook-id", "first"), second, other=first).held
    assert judged(HeaderSameAs("request", "webhook-id", "first"), second).found == "'first' was never seen"


def test_two_absent_headers_are_not_the_same() -> None:
    assert not judged(HeaderSameAs("request", "webhook-id", "first"), exchange(), other=exchange()).held


def test_a_decision_is_judged_by_the_audit_record() -> None:
    permitted = audit_event(outcome="0", reason="permitted by agreement discharge-to-gp")
    assert judged(DecisionIs(True, "discharge-to-gp"), exchange(), event=permitted).held
    assert not judged(DecisionIs(True, "another"), exchange(), event=permitted).held
    assert not judged(DecisionIs(False, ""), exchange(), event=permitted).held
    assert judged(
        DecisionIs(False, "No Agreement"), exchange(), event=audit_event(outcome="8", reason="no agreement")
    ).held


def test_without_an_audit_record_no_decision_holds() -> None:
    finding = judged(DecisionIs(True, ""), exchange(response=message(outcome("x"))))
    assert (False, "no audit record of this exchange could be read") == (finding.held, finding.found)
