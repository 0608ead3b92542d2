"""One exchange with everything that is known of it: both messages, validation, decision, verdicts, evidence."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from careloom.connectathon.decision import Decision
from careloom.connectathon.evidence import Line
from careloom.connectathon.exchange import Exchange, Message
from careloom.connectathon.run import Run
from careloom.connectathon.scenario import Step
from careloom.connectathon.verdict import Verdict
from careloom.model import Resource, resource_type, serialize_json
from careloom.model.records import dataclass
from careloom.web.board import Arrow, arrow, title_of

_LONGEST = 100_000
"""Characters of a body that are shown; the evidence file has all of it."""


@dataclass(frozen=True, slots=True)
class IssueView:
    """One issue of an OperationOutcome."""

    is_error: bool
    severity: str
    where: str
    text: str
    rule: str


@dataclass(frozen=True, slots=True)
class Conformance:
    """Resources of one type that the hub took, and what it holds them to."""

    type: str
    count: int
    profiles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MessageView:
    """Headers and body as people read them."""

    headers: tuple[tuple[str, str], ...]
    body: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Detail:
    """An exchange as its page shows it."""

    exchange: Exchange
    arrow: Arrow
    sender: str
    receiver: str
    step: Step | None
    request: MessageView
    response: MessageView
    errors: tuple[IssueView, ...]
    remarks: tuple[IssueView, ...]
    conformance: tuple[Conformance, ...]
    decision: Decision | None
    audit: str
    verdicts: tuple[Verdict, ...]
    line: Line | None


def detail(run: Run, exchange: Exchange) -> Detail:
    """Everything about one exchange."""
    decision = run.decision(exchange.number)
    issues = tuple(_issues(exchange.response.json()))
    return Detail(
        exchange=exchange,
        arrow=arrow(run, exchange),
        sender=title_of(run.scenario, exchange.sender),
        receiver=title_of(run.scenario, exchange.receiver),
        step=next((step for step in run.scenario.steps if step.id == exchange.step), None),
        request=_message(exchange.request),
        response=_message(exchange.response),
        errors=tuple(issue for issue in issues if issue.is_error),
        remarks=tuple(issue for issue in issues if not issue.is_error),
        conformance=tuple(_conformance(run, exchange)),
        decision=decision,
        audit=serialize_json(decision.event, pretty=True).decode() if decision else "",
        verdicts=tuple(run.verdicts_on(exchange.number)),
        line=run.line(exchange.number),
    )


def _message(message: Message) -> MessageView:
    value = message.json()
    text = message.body.decode("utf-8", "replace") if value is None else serialize_json(value, pretty=True).decode()
    return MessageView(message.headers, text[:_LONGEST], len(text) > _LONGEST)


def _issues(body: Any) -> Iterable[IssueView]:
    if not isinstance(body, dict) or resource_type(body) != "OperationOutcome":
        return
    for issue in body.get("issue", []):
        details = issue.get("details", {})
        yield IssueView(
            is_error=issue.get("severity") in ("error", "fatal"),
            severity=str(issue.get("severity", "")),
            where=", ".join(issue.get("expression", [])),
            text=issue.get("diagnostics") or details.get("text", ""),
            rule=", ".join(coding.get("code", "") for coding in details.get("coding", [])),
        )


def _conformance(run: Run, exchange: Exchange) -> Iterable[Conformance]:
    """What the hub took in and holds to profiles; it takes nothing in that does not conform."""
    written = exchange.method in ("POST", "PUT", "PATCH") and 200 <= exchange.status < 300
    if not written or exchange.receiver != run.scenario.hub.id:
        return
    counts = Counter(resource_type(resource) for resource in _resources(exchange.request.json()))
    for type, count in counts.items():
        if type:
            yield Conformance(type, count, tuple(run.conformance.get(type, ())))


def _resources(body: Any) -> Iterable[Resource]:
    if not isinstance(body, dict):
        return
    if resource_type(body) == "Bundle":
        yield from (entry["resource"] for entry in body.get("entry", []) if isinstance(entry.get("resource"), dict))
    else:
        yield body
