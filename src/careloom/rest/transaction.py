"""transaction: several requests that happen together or not at all.

What costs time comes first, outside the turn (`careloom.rest.planning`). What needs the record happens in one turn of
the writer, in this order:

1. every identity is settled: new ids, the matches of conditional creates, updates and deletes;
2. no two entries may be about the same resource;
3. references between entries and references by search become addresses in the record;
4. deletes, creates, updates with patches, and reads are carried out in that order, whatever their order in the bundle.

An error anywhere undoes all of it and names the entry.

Source: FHIR R4, 3.1.0.11.2 transaction processing rules.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import groupby
from typing import Any

from careloom.model.errors import MalformedError, MultipleMatchesError
from careloom.model.issues import Issue
from careloom.model.records import dataclass, replace
from careloom.model.resource import Resource
from careloom.model.room import ROOM
from careloom.rest.conditional import matched
from careloom.rest.delete import all_matched, delete_all
from careloom.rest.entries import Allowance, Answer, Entry, answered, as_asked, bundle_of, telling
from careloom.rest.hub import Hub
from careloom.rest.interaction import Work
from careloom.rest.making import Links
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.plain import enter
from careloom.rest.planning import Plan, plan_of
from careloom.rest.relinking import relink
from careloom.rest.representation import written
from careloom.rest.update import identify
from careloom.search import Query
from careloom.store import Turn, Version

_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}
_CHANGING = frozenset({"DELETE", "POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class Settled:
    """An entry whose identity is known.

    Attributes:
        entry: As planned.
        ids: Of the resources it is about: one, none, or of a conditional delete several.
        existing: What a conditional create found: nothing is left to do then.
    """

    entry: Entry
    ids: tuple[str, ...]
    existing: Version | None = None

    @property
    def id(self) -> str:
        """The one id; empty where the entry is about no resource."""
        return self.ids[0] if self.ids else ""

    @property
    def is_new(self) -> bool:
        """Whether its id was made for a resource to be created."""
        return self.entry.interaction.code == "create" and self.existing is None

    @property
    def addresses(self) -> tuple[str, ...]:
        """``Type/id`` of each resource it is about."""
        return tuple(f"{self.entry.request.type}/{id}" for id in self.ids)

    @property
    def writes(self) -> bool:
        """Whether what it is about changes."""
        return self.existing is None and self.entry.request.method in _CHANGING


async def transaction(request: FhirRequest, hub: Hub) -> Work:
    """``POST`` of a Bundle of type transaction."""
    return partial(transact, plan=await plan_of(request, hub), hub=hub)


def transact(turn: Turn, plan: Plan, hub: Hub) -> FhirResponse:
    """Carry the plan out in the writer's turn.

    Raises:
        MalformedError: Two entries are about the same resource.
        MultipleMatchesError: A condition matches several resources, or a reference by search not exactly one.
        StaleVersionError: A version is not the one its entry expects.
        NotFoundError: An entry reads what is not there.
        TooCostlyError: The answers hold more than the hub's ceiling.
    """
    paced = ROOM.between if plan.is_large and turn.is_aside else iter
    settled = [_settle(turn, entry, plan, hub) for entry in paced(plan.entries)]
    _require_separate(paced(settled))
    links = {**_links(paced(settled)), **_resolve(turn, plan)}
    turn.expect(_keys(paced(settled), is_new=False), new=_keys(paced(settled), is_new=True))
    answers: dict[int, Answer] = {}
    allowance = Allowance(hub.limits.answers)
    in_order = sorted(settled, key=lambda each: _ORDER[each.entry.request.method])
    for (method, is_plain), alike in groupby(in_order, key=lambda each: _kind(each, links, plan)):
        group = list(alike)
        if is_plain:
            resources = (plan.made[each.entry.number].prepared for each in paced(group))
            entered = enter(turn, resources, hub, are_new=method == "POST")
            answers |= {each.entry.number: done for each, done in zip(group, entered, strict=True) if done}
        for each in paced([each for each in group if each.entry.number not in answers]):
            with telling(each.entry.number):
                allowance.require()
                done = as_asked(each.entry.request, _carry_out(turn, each, links, plan, hub))
                answers[each.entry.number] = answered(allowance.spend(done))
    answer = bundle_of("transaction-response", (answers[each.entry.number] for each in paced(settled)))
    return replace(answer, decision=plan.decision)


def _kind(settled: Settled, links: Links, plan: Plan) -> tuple[str, bool]:
    """The method of an entry, and whether it is plain and its resource what it was made to be."""
    made = plan.made.get(settled.entry.number)
    return settled.entry.request.method, made is not None and made.is_plain and made.holds(settled.id, links)


def _keys(settled: Iterable[Settled], *, is_new: bool) -> Iterator[tuple[str, str]]:
    """Type and id of the resources that are new, or of the others."""
    return ((each.entry.request.type, id) for each in settled if each.is_new == is_new for id in each.ids)


def _settle(turn: Turn, entry: Entry, plan: Plan, hub: Hub) -> Settled:
    """Find out which resource the entry is about: by its address, by its condition, or a new one."""
    request, made = entry.request, plan.made.get(entry.number)
    if made and made.is_plain:
        return Settled(entry, (made.id,))
    with telling(entry.number):
        match request.method:
            case "POST" if request.type and entry.interaction.code == "create":
                existing = matched(turn, request.condition, request.type) if request.condition else None
                new = made.id if made else hub.new_id()
                return Settled(entry, (existing.id if existing else new,), existing)
            case "PUT" if request.condition:
                return Settled(entry, (identify(turn, request, hub),))
            case "PATCH" if request.condition:
                found = matched(turn, request.condition, request.type)
                return Settled(entry, (found.id,) if found else ())
            case "DELETE" if request.condition:
                return Settled(entry, tuple(each.id for each in all_matched(turn, request, hub)))
            case _:
                return Settled(entry, (request.id,) if request.id else ())


def _require_separate(settled: Iterable[Settled]) -> None:
    """Refuse two entries about one resource of which at least one changes it: their order would decide the outcome."""
    about: dict[str, Settled] = {}
    for each in settled:
        for address in each.addresses if each.entry.request.method in _CHANGING else ():
            other = about.setdefault(address, each)
            if other is not each and (each.writes or other.writes):
                with telling(each.entry.number):
                    raise MalformedError(f"{address} is what entry {other.entry.number} is about already")


def _links(settled: Iterable[Settled]) -> dict[str, str]:
    named = (each for each in settled if each.entry.full_url and each.entry.request.method in ("POST", "PUT"))
    return {each.entry.full_url: each.addresses[0] for each in named if each.ids}


def _resolve(turn: Turn, plan: Plan) -> dict[str, str]:
    """What each reference by search leads to.

    Raises:
        MultipleMatchesError: Not exactly one resource.
    """
    links: dict[str, str] = {}
    for entry in plan.entries:
        for text in entry.searches:
            if text not in links:
                with telling(entry.number):
                    links[text] = _led_to(turn, text, plan.references[text])
    return links


def _led_to(turn: Turn, text: str, query: Query) -> str:
    found = matched(turn, query, query.type)
    if found is None:
        told = f"the reference {text!r} must lead to one resource, and matches none"
        raise MultipleMatchesError(told, issues=[Issue("error", "not-found", told)])
    return found.reference


def _carry_out(turn: Turn, settled: Settled, links: Links, plan: Plan, hub: Hub) -> FhirResponse:
    entry, request = settled.entry, settled.entry.request
    if settled.existing:
        return written(settled.existing, request, hub.base_url, status=200)
    if request.method == "DELETE" and request.condition:
        return delete_all(turn, settled.ids, request, hub)
    if request.condition:
        _require_unmet(turn, settled, request.condition)
    assert entry.interaction.in_turn is not None
    if request.method == "PATCH":
        return entry.interaction.in_turn(turn, replace(request, id=settled.id or request.id), hub)
    content: dict[str, Any] = {}
    if request.body and request.method in ("POST", "PUT") and entry.interaction.operation is None:
        content = _content(request.body, settled, links, plan, hub)
    return entry.interaction.in_turn(turn, replace(request, id=settled.id, condition=None, **content), hub)


def _content(body: Resource, settled: Settled, links: Links, plan: Plan, hub: Hub) -> dict[str, Any]:
    """The resource as it is to be written, by the fields of a request; as it was made before, if that still holds."""
    made = plan.made.get(settled.entry.number)
    if made and made.holds(settled.id, links):
        return {"body": made.prepared.resource, "prepared": made.prepared}
    return {"body": {**relink(body, links, settled.entry.full_url, hub.types), "id": settled.id}}


def _require_unmet(turn: Turn, settled: Settled, condition: Query) -> None:
    """Refuse a condition that is now met by what an earlier entry of its own transaction has written.

    Two entries would then be about one resource, and references already lead to the id this one was given.
    """
    found = matched(turn, condition, condition.type)
    if found and settled.ids and found.id != settled.id:
        raise MalformedError(f"its condition matches {found.reference}, which this transaction writes")
