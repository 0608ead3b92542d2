"""Scenarios, exchanges and runs with defaults, so that a test shows only what it is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from careloom.connectathon.evidence import Evidence, MemoryStore
from careloom.connectathon.exchange import Exchange, Message
from careloom.connectathon.run import Run
from careloom.connectathon.scenario import Scenario
from careloom.connectathon.scenario_file import read_scenario
from careloom.model import serialize_json

NOW = datetime(2026, 11, 22, 11, 9, tzinfo=UTC)

SCENARIO = """\
id: small
title: A small play
version: 1.0.0
story: The hospital tells the hub.
profiles:
  locality: [locality.toml]
  ukcore: [ukcore.toml]
roles:
  hospital: {title: The Hospital, simulator: hospital, client: hospital-epr}
  hub: {title: The Hub, hub: hub.toml}
  practice: {title: The Practice, simulator: practice, client: practice-system}
steps:
  - id: send
    say: The hospital sends a letter.
    do:
      - {ask: hospital, to: send letter}
    expect:
      - as: letter
        text: The letter is recorded
        from: hospital
        to: hub
        request: POST /fhir
        within: 100 ms
        status: 200
  - id: again
    say: It is sent once more.
    do:
      - {replay: letter}
    expect:
      - {as: second, text: It is refused, from: hospital, to: hub, request: POST /fhir, within: 100 ms, status: 409}
    check:
      - {text: Nobody else asks, count: {from: practice, to: hub, request: GET /*}, is: 0, since: second}
"""


def scenario(text: str = SCENARIO) -> Scenario:
    return read_scenario(text, file="small.yaml", folder=Path())


def run(text: str = SCENARIO, *, variant: str = "locality") -> Run:
    return Run(scenario(text), variant=variant, evidence=Evidence(MemoryStore(), clock=lambda: NOW))


def message(body: Any = b"", **headers: str) -> Message:
    data = body if isinstance(body, bytes) else serialize_json(body)
    return Message(tuple((name.replace("_", "-"), value) for name, value in headers.items()), data)


def exchange(
    number: int = 1,
    *,
    sender: str = "hospital",
    receiver: str = "hub",
    method: str = "POST",
    path: str = "/fhir",
    request: Message | None = None,
    status: int = 200,
    response: Message | None = None,
    step: str = "send",
    fault: str = "",
    is_over: bool = True,
) -> Exchange:
    return Exchange(
        number=number,
        step=step,
        sender=sender,
        receiver=receiver,
        identified_by="access token",
        method=method,
        path=path,
        began=NOW,
        request=request or message(),
        status=status if is_over else 0,
        response=response or message(),
        ended=NOW + timedelta(milliseconds=40) if is_over else None,
        fault=fault,
    )


def happens(run: Run, made: Exchange) -> Exchange:
    """Have an exchange begin and end in a run, with the number and step that the run gives it."""
    begun = run.begin(lambda number, step: replace(made, number=number, step=step, ended=None, status=0))
    over = replace(begun, ended=made.ended, status=made.status)
    run.end(over)
    return over


def outcome(*texts: str) -> dict[str, Any]:
    issues = [{"severity": "error", "code": "invalid", "diagnostics": text} for text in texts]
    return {"resourceType": "OperationOutcome", "issue": issues}


def audit_event(*, outcome: str = "0", reason: str = "permitted by discharge-to-gp") -> dict[str, Any]:
    return {
        "resourceType": "AuditEvent",
        "id": "a1",
        "outcome": outcome,
        "outcomeDesc": reason,
        "purposeOfEvent": [{"coding": [{"code": "TREAT"}]}],
        "agent": [
            {"who": {"identifier": {"value": "practice-system"}}, "requestor": True},
            {"who": {"display": "Larch Road Surgery"}},
            {"type": {"coding": [{"code": "110152"}]}, "who": {"identifier": {"value": "http://hub"}}},
        ],
    }
