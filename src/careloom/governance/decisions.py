"""Whether somebody may do something: a decision is a value with its reason.

Three gates, in this order: the token's **scope** covers the interaction on the type; the token states a **purpose**
that this hub accepts; an **agreement** in force gives the client's organisation that right for that purpose. The first
gate that stays shut gives the reason. Where several agreements miss, the reason speaks of the one that came nearest,
since that is the one its parties will want to change.

The rules of a registry are compiled once into a table from (organisation, type, right, purpose) to the answer with its
period, so that permitting costs a look-up and a comparison of instants; only a denial looks at agreements one by one to
find its reason.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final, Literal

from careloom.governance.identity import Agreement, Registry
from careloom.governance.interactions import INTERACTIONS, VERBS
from careloom.governance.scopes import EVERY_TYPE
from careloom.governance.tokens import Grant
from careloom.model.records import dataclass

DecisionCode = Literal[
    "permitted",
    "unknown-interaction",
    "scope",
    "purpose",
    "no-agreement",
    "agreement-expired",
    "agreement-not-yet-in-force",
    "agreement-type",
    "agreement-interaction",
    "agreement-purpose",
]


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """What somebody wants to do.

    Attributes:
        interaction: Code of restful-interaction: ``read``, ``search-type``, ``create``, …
        type: Resource type; empty for the whole system.
        id: Logical id, where there is one.
        operation: Name of the operation without ``$``, where the interaction is ``operation``.
        right: SMART letter that the operation needs, as it declares; empty where it reads nothing of the record,
            None where nobody has said, and then it is denied.
    """

    interaction: str
    type: str = ""
    id: str = ""
    operation: str = ""
    right: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, with a reason for people and a code for machines.

    Attributes:
        agreement: Id of the agreement that permits, or that came nearest; None where no agreement was asked.
    """

    permit: bool
    code: DecisionCode
    reason: str
    agreement: str | None = None


@dataclass(frozen=True, slots=True)
class TypeSet:
    """Resource types, possibly all of them: ``"Patient" in visible``."""

    names: frozenset[str]

    def __contains__(self, type: object) -> bool:
        return type in self.names or EVERY_TYPE in self.names

    def __bool__(self) -> bool:
        return bool(self.names)

    @property
    def is_every(self) -> bool:
        """Whether no type is left out."""
        return EVERY_TYPE in self.names


def decide(request: AccessRequest, grant: Grant, registry: Registry, now: datetime) -> Decision:
    """Judge one interaction; pure, and never raises for a request.

    A batch and a transaction are permitted as such: judge each of their entries.
    """
    interaction = INTERACTIONS.get(request.interaction)
    if interaction is None:
        return Decision(False, "unknown-interaction", f"no rule speaks of the interaction {request.interaction!r}")
    right = request.right if interaction.code == "operation" else interaction.right
    if right is None:
        return Decision(False, "unknown-interaction", f"no rule speaks of the operation {request.operation!r}")
    if not right:
        return _NO_RECORD
    return _judge(right, request.type or EVERY_TYPE, grant, registry, now)


def visible_types(grant: Grant, interaction: str, registry: Registry, now: datetime) -> TypeSet:
    """The types on which `decide` would permit an interaction, for routes that span types and for ``_include``."""
    right = INTERACTIONS[interaction].right
    scoped = TypeSet(grant.scopes.types(right))
    agreed = TypeSet(
        frozenset(
            name
            for agreement in registry.agreements_of(grant.organisation)
            if _covers(agreement, right, grant.purpose) and agreement.is_in_force(now)
            for name in agreement.types
        )
        if grant.purpose in registry.purposes
        else frozenset()
    )
    return TypeSet(frozenset(name for name in scoped.names | agreed.names if name in scoped and name in agreed))


_NO_RECORD: Final = Decision(True, "permitted", "it touches no record by itself")


def _judge(right: str, type: str, grant: Grant, registry: Registry, now: datetime) -> Decision:
    if not grant.scopes.permits(type, right):
        return _no_scope(right, type, grant)
    purpose = grant.purpose
    if purpose not in registry.purposes:
        return _no_purpose(purpose, registry)
    answers = _compiled(registry)
    organisation = grant.organisation
    for name in (type, EVERY_TYPE):
        for start, end, decision in answers.get((organisation, name, right, purpose), ()):
            if start <= now < end:
                return decision
    return _nearest_miss(right, type, grant, registry, now)


_Answers = Mapping[tuple[str, str, str, str], tuple[tuple[datetime, datetime, Decision], ...]]


@lru_cache(maxsize=4)
def _compiled(registry: Registry) -> _Answers:
    """Every permission that the agreements give, in the order in which they are written."""
    answers: dict[tuple[str, str, str, str], tuple[tuple[datetime, datetime, Decision], ...]] = {}
    for agreement in registry.agreements:
        for organisation, type, right, purpose in _permissions(agreement):
            reason = f"agreement {agreement.id!r} lets {_sentence(organisation, right, type, purpose)}"
            row = (agreement.start, agreement.end, Decision(True, "permitted", reason, agreement.id))
            key = (organisation, type, right, purpose)
            answers[key] = (*answers.get(key, ()), row)
    return answers


def _permissions(agreement: Agreement) -> Iterable[tuple[str, str, str, str]]:
    for organisation in agreement.rightful:
        for type in sorted(agreement.types):
            for right, verb in VERBS.items():
                if verb in agreement.interactions:
                    for purpose in sorted(agreement.purposes):
                        yield organisation, type, right, purpose


def _covers(agreement: Agreement, right: str, purpose: str) -> bool:
    return VERBS[right] in agreement.interactions and purpose in agreement.purposes


def _no_scope(right: str, type: str, grant: Grant) -> Decision:
    held = str(grant.scopes) or "no scope"
    needed = f"system/{type}.{right}"
    return Decision(False, "scope", f"client {grant.client!r} needs the scope {needed} and has {held}")


def _no_purpose(purpose: str, registry: Registry) -> Decision:
    accepted = ", ".join(sorted(registry.purposes))
    if purpose:
        return Decision(False, "purpose", f"purpose of use {purpose!r} is not accepted here, only {accepted}")
    return Decision(False, "purpose", f"the token states no purpose of use; accepted are {accepted}")


def _nearest_miss(right: str, type: str, grant: Grant, registry: Registry, now: datetime) -> Decision:
    wanted = _sentence(grant.organisation, right, type, grant.purpose)
    candidates = registry.agreements_of(grant.organisation)
    if not candidates:
        return Decision(False, "no-agreement", f"no agreement lets {wanted}")

    def nearness(agreement: Agreement) -> tuple[int, bool]:
        return _content_met(agreement, right, type, grant.purpose), agreement.is_in_force(now)

    nearest = max(candidates, key=nearness)
    code, why = _miss(nearest, right, type, grant.purpose, now)
    return Decision(False, code, f"no agreement lets {wanted}: {nearest.id!r} {why}", nearest.id)


def _content_met(agreement: Agreement, right: str, type: str, purpose: str) -> int:
    """How far down the list of type, interaction and purpose the agreement covers what is wanted: 0 to 3."""
    tests = (type in TypeSet(agreement.types), VERBS[right] in agreement.interactions, purpose in agreement.purposes)
    return next((passed for passed, met in enumerate(tests) if not met), len(tests))


def _miss(agreement: Agreement, right: str, type: str, purpose: str, now: datetime) -> tuple[DecisionCode, str]:
    """The first thing that this agreement lacks, with the end of the sentence that tells it."""
    if now >= agreement.end:
        return "agreement-expired", f"ended at {agreement.end:%Y-%m-%d %H:%M %Z}"
    if now < agreement.start:
        return "agreement-not-yet-in-force", f"starts at {agreement.start:%Y-%m-%d %H:%M %Z}"
    misses: tuple[tuple[DecisionCode, Iterable[str]], ...] = (
        ("agreement-type", agreement.types),
        ("agreement-interaction", agreement.interactions),
        ("agreement-purpose", agreement.purposes),
    )
    code, covered = misses[_content_met(agreement, right, type, purpose)]
    return code, f"covers only {', '.join(sorted(covered)) or 'nothing'}"


def _sentence(organisation: str, right: str, type: str, purpose: str) -> str:
    what = "every type" if type == EVERY_TYPE else type
    return f"organisation {organisation!r} {VERBS[right]} {what} for {purpose}"
