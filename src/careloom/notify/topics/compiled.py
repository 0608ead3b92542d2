"""Triggers read once: from search strings and FHIRPath to tests on a version before and a version after."""

from typing import Any, Final
from urllib.parse import parse_qsl

import structlog

from careloom.fhirpath import Budget, Environment, Expression, compile_expression
from careloom.model import Resource
from careloom.model.errors import CareloomError, InvalidError
from careloom.model.records import dataclass
from careloom.notify.topics.topic import Topic, Trigger
from careloom.search import Query, SearchParameters, match, parse_query

NEVER_A_FOCUS: Final = frozenset({"AuditEvent", "Subscription"})
"""Telling writes both: a subscription to one of them would be told of its own telling, without end."""

STEPS: Final = 200_000
SECONDS: Final = 0.5
"""What one evaluation of an expression may take; one that takes more does not hold."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TopicTest:
    """One trigger of a topic with its tests read."""

    topic: Topic
    trigger: Trigger
    previous: Query | None
    current: Query | None
    expression: Expression | None
    parameters: SearchParameters

    @classmethod
    def of(cls, topic: Topic, trigger: Trigger, parameters: SearchParameters) -> "TopicTest":
        """Read a trigger.

        Raises:
            InvalidError: A test is not a search on its type or not FHIRPath, or the type can be no focus.
        """
        type = trigger.resource
        if type in NEVER_A_FOCUS or not parameters.is_resource_type(type):
            raise InvalidError(f"topic {topic.url}: a resource type that can be told of expected, found {type!r}")
        return cls(
            topic,
            trigger,
            _query(topic, type, trigger.previous, parameters),
            _query(topic, type, trigger.current, parameters),
            _expression(topic, trigger, parameters),
            parameters,
        )

    def is_met(self, before: Resource | None, after: Resource | None) -> bool:
        """Whether a change from one version to the next is what the trigger looks for."""
        return (
            self._passes(self.previous, before, self.trigger.passes_on_create)
            and self._passes(self.current, after, self.trigger.passes_on_delete)
            and self._holds(before, after)
        )

    def _passes(self, query: Query | None, version: Resource | None, absent: bool) -> bool:
        if query is None:
            return True
        return absent if version is None else match(query, version, self.parameters)

    def _holds(self, before: Resource | None, after: Resource | None) -> bool:
        """Whether the expression is true; one that fails on odd data is the topic's fault, and stops nobody else."""
        if self.expression is None:
            return True
        variables: dict[str, Any] = {"previous": before or [], "current": after or []}
        budget = Budget(STEPS, SECONDS)
        try:
            return self.expression.is_true(after or before, Environment(variables=variables, budget=budget))
        except CareloomError as error:
            _log.error("expression of a topic failed", topic=self.topic.url, error=type(error).__name__)
            return False


def _query(topic: Topic, type: str, text: str, parameters: SearchParameters) -> Query | None:
    if not text:
        return None
    try:
        query = parse_query(type, parse_qsl(text, strict_parsing=True), parameters, strict=True)
        match(query, {"resourceType": type}, parameters)  # which refuses what asks about other resources
    except (CareloomError, ValueError) as error:
        raise InvalidError(f"topic {topic.url}: {text!r} is not a search on {type}: {error}") from error
    return query


def _expression(topic: Topic, trigger: Trigger, parameters: SearchParameters) -> Expression | None:
    if not trigger.fhirpath:
        return None
    try:
        return compile_expression(trigger.fhirpath, types=parameters.types, context_type=trigger.resource)
    except CareloomError as error:
        raise InvalidError(f"topic {topic.url}: {trigger.fhirpath!r} is not FHIRPath: {error}") from error
