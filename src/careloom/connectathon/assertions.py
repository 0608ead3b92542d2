"""What a scenario can ask of an exchange; each kind of assertion is a class, a reader, and a line in `_KINDS`.

::

    status: 422                                          the HTTP status
    holds:
      - response: issue.where(severity = 'error').exists()      FHIRPath on the answer's body, also ``request:``
        because: the reasons are told
      - request-header: webhook-id                              a header, also ``response-header:``
        matches: msg_.+                                         a regular expression, or ``same-as: EXCHANGE``
      - decision: permitted                                     what the hub's audit record says, or ``refused``
        reason: discharge-to-gp                                 text that its reason must hold

Any of these may have ``only-with: NAME``: it is judged only when that set of profiles is in force.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, Protocol

from careloom.connectathon.decision import Decision
from careloom.connectathon.exchange import Exchange, Message
from careloom.connectathon.reading import Place
from careloom.connectathon.verdict import Finding
from careloom.model import Resource, resource_type
from careloom.model.records import dataclass

Side = Literal["request", "response"]


class Evaluate(Protocol):
    """The FHIRPath engine as it is needed here; raises a `CareloomError` on an expression that is wrong."""

    def __call__(self, expression: str, resource: Resource) -> list[Any]:
        """The values of an expression on a resource."""
        ...


@dataclass(frozen=True, slots=True)
class Scene:
    """What an assertion may look at besides its exchange.

    Attributes:
        profiles: Name of the set of profiles in force.
        named: Gives an exchange by the name the scenario gave it.
        decision: Gives the decision on an exchange by its number.
    """

    profiles: str
    evaluate: Evaluate
    named: Callable[[str], Exchange | None]
    decision: Callable[[int], Decision | None]


class Assertion(Protocol):
    """Something that must be true of an exchange."""

    @property
    def needs_decision(self) -> bool:
        """Whether it looks at the hub's audit record, which comes a moment after the exchange."""
        ...

    def judge(self, exchange: Exchange, scene: Scene) -> Finding:
        """Whether it is true, and what was found."""
        ...


@dataclass(frozen=True, slots=True)
class StatusIs:
    """The answer has this HTTP status."""

    status: int

    needs_decision: ClassVar[bool] = False

    def judge(self, exchange: Exchange, scene: Scene) -> Finding:  # noqa: D102
        found = str(exchange.status) if exchange.status else f"no answer: {exchange.fault}"
        return Finding(f"the status is {self.status}", exchange.status == self.status, found)


@dataclass(frozen=True, slots=True)
class PathHolds:
    """A FHIRPath expression on the body is true."""

    side: Side
    expression: str
    because: str

    needs_decision: ClassVar[bool] = False

    def judge(self, exchange: Exchange, scene: Scene) -> Finding:  # noqa: D102
        text = f"{self.because} ({self.side}: {self.expression})" if self.because else f"{self.side}: {self.expression}"
        body = _message(exchange, self.side).json()
        if not isinstance(body, dict) or not resource_type(body):
            return Finding(text, False, f"the {self.side} has no FHIR resource")
        values = scene.evaluate(self.expression, body)
        return Finding(text, values == [True], f"the expression gave {_shown(values)}")


@dataclass(frozen=True, slots=True)
class HeaderMatches:
    """A header is there, and the whole of its value matches a regular expression."""

    side: Side
    name: str
    pattern: str

    needs_decision: ClassVar[bool] = False

    def judge(self, exchange: Exchange, scene: Scene) -> Finding:  # noqa: D102
        value = _message(exchange, self.side).header(self.name)
        held = value is not None and re.fullmatch(self.pattern, value) is not None
        return Finding(f"{self.side} header {self.name} matches {self.pattern}", held, _header_shown(value))


@dataclass(frozen=True, slots=True)
class HeaderSameAs:
    """A header has the same value as in another exchange."""

    side: Side
    name: str
    other: str

    needs_decision: ClassVar[bool] = False

    def judge(self, exchange: Exchange, scene: Scene) -> Finding:  # noqa: D102
        text = f"{self.side} header {self.name} is the same as in {self.other!r}"
        other = scene.named(self.other)
        if other is None:
            return Finding(text, False, f"{self.other!r} was never seen")
        value, expected = (_message(one, self.side).header(self.name) for one in (exchange, other))
        return Finding(text, value is not None and value == expected, f"{_header_shown(value)}, there {expected!r}")


@dataclass(frozen=True, slots=True)
class DecisionIs:
    """The hub's audit record of the exchange says that it was permitted, or refused, and why."""

    permitted: bool
    reason: str

    needs_decision: ClassVar[bool] = True

    def judge(self, exchange: Exchange, scene: Scene) -> Finding:  # noqa: D102
        word = "permitted" if self.permitted else "refused"
        text = f"the audit record says {word}" + (f", naming {self.reason!r}" if self.reason else "")
        decision = scene.decision(exchange.number)
        if decision is None:
            return Finding(text, False, "no audit record of this exchange could be read")
        held = decision.done == self.permitted and self.reason.lower() in decision.reason.lower()
        outcome = decision.event.get("outcome")
        return Finding(text, held, f"{decision.audit}: outcome {outcome}, {decision.reason!r}")


@dataclass(frozen=True, slots=True)
class Condition:
    """An assertion, and the set of profiles it is meant for; empty for all."""

    only_with: str
    assertion: Assertion

    def applies(self, profiles: str) -> bool:
        """Whether it is to be judged under a set of profiles."""
        return self.only_with in ("", profiles)


def read_assertions(keys: Mapping[str, Place], *, known: Callable[[Place], str]) -> tuple[Condition, ...]:
    """Read ``status`` and ``holds``; ``known`` reads the name of an exchange seen before."""
    status = [Condition("", StatusIs(keys["status"].number()))] if "status" in keys else []
    listed = keys["holds"].items() if "holds" in keys else ()
    return (*status, *(_read(place, known) for place in listed))


def _read(place: Place, known: Callable[[Place], str]) -> Condition:
    keys = place.mapping(optional=None)
    only_with = keys["only-with"].text() if "only-with" in keys else ""
    for kind, (allowed, read) in _KINDS.items():
        if kind in keys:
            place.mapping(required=(kind,), optional=(*allowed, "only-with"))
            return Condition(only_with, read(keys, known))
    place.complain(f"one of {', '.join(_KINDS)} expected, found {', '.join(keys)}")


def _path(side: Side) -> "_Reader":
    def read(keys: Mapping[str, Place], known: Callable[[Place], str]) -> Assertion:
        return PathHolds(side, keys[side].text(), keys["because"].text() if "because" in keys else "")

    return read


def _header(side: Side) -> "_Reader":
    def read(keys: Mapping[str, Place], known: Callable[[Place], str]) -> Assertion:
        name = keys[f"{side}-header"].text().lower()
        if "same-as" in keys:
            return HeaderSameAs(side, name, known(keys["same-as"]))
        return HeaderMatches(side, name, _expression(keys["matches"]) if "matches" in keys else ".+")

    return read


def _decision(keys: Mapping[str, Place], known: Callable[[Place], str]) -> Assertion:
    word = keys["decision"].one_of("permitted", "refused")
    return DecisionIs(word == "permitted", keys["reason"].text() if "reason" in keys else "")


def _expression(place: Place) -> str:
    text = place.text()
    try:
        re.compile(text)
    except re.error as error:
        place.complain(f"not a regular expression: {error}")
    return text


_Reader = Callable[[Mapping[str, Place], Callable[[Place], str]], Assertion]

_KINDS: Mapping[str, tuple[tuple[str, ...], _Reader]] = {
    "request": (("because",), _path("request")),
    "response": (("because",), _path("response")),
    "request-header": (("matches", "same-as"), _header("request")),
    "response-header": (("matches", "same-as"), _header("response")),
    "decision": (("reason",), _decision),
}


def _message(exchange: Exchange, side: Side) -> Message:
    return exchange.request if side == "request" else exchange.response


def _header_shown(value: str | None) -> str:
    return "absent" if value is None else repr(value)


def _shown(values: list[Any]) -> str:
    if not values:
        return "nothing"
    return ", ".join(map(str, values[:5]))
