import pytest

from careloom.connectathon.verdict import Finding, Verdict, all_held

HELD = Finding("it is so", True)
FAILED = Finding("it is so", False, "it is not")


def verdict(*findings: Finding, exchanges: tuple[int, ...] = (1,)) -> Verdict:
    return Verdict(1, "send", "It is so", findings, exchanges)


def test_a_verdict_holds_when_every_finding_does() -> None:
    assert [verdict(HELD, HELD).outcome, verdict(HELD, FAILED).outcome] == ["held", "failed"]


def test_a_verdict_without_findings_has_not_held() -> None:
    assert verdict().outcome == "failed"


def test_nothing_holds_without_a_recorded_exchange() -> None:
    with pytest.raises(ValueError, match="no recorded exchange shows it"):
        verdict(HELD, exchanges=())


def test_a_failure_may_rest_on_nothing_having_been_seen() -> None:
    assert verdict(FAILED, exchanges=()).failures == (FAILED,)


def test_a_run_without_verdicts_has_not_held() -> None:
    assert not all_held([])
    assert all_held([verdict(HELD)])
    assert not all_held([verdict(HELD), verdict(FAILED)])
