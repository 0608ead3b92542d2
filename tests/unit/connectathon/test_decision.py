import pytest
from tests.unit.connectathon.builders import audit_event, exchange, message

from careloom.connectathon.decision import audit_reference, decision_of


def test_a_decision_tells_who_asked_why_and_with_what_result() -> None:
    decision = decision_of(3, audit_event(outcome="8", reason="no agreement"))
    assert ("practice-system", "Larch Road Surgery") == decision.who
    assert (3, "AuditEvent/a1", False, "no agreement", ("TREAT",)) == (
        decision.exchange,
        decision.audit,
        decision.done,
        decision.reason,
        decision.purposes,
    )


@pytest.mark.parametrize(
    ("header", "expected"), [("AuditEvent/a1", "AuditEvent/a1"), ("http://elsewhere/AuditEvent/a1", None), ("", None)]
)
def test_only_a_local_reference_to_an_audit_record_is_followed(header: str, expected: str | None) -> None:
    assert audit_reference(exchange(response=message(careloom_audit=header))) == expected


def test_an_answer_may_name_no_audit_record() -> None:
    assert audit_reference(exchange()) is None
