"""transaction: several requests that happen together or not at all.

What costs time comes first, on a worker thread unless the transaction is small (`careloom.rest.at_hand`): reading the
entries, deciding on each, validating each resource, parsing each condition, and making each resource ready for the
store (`careloom.rest.making`). What needs the record happens in one turn of the writer, in this order:

1. every identity is settled: new ids, the matches of conditional creates, updates and deletes;
2. no two entries may be about the same resource;
3. references between entries and references by search become addresses in the record;
4. deletes, creates, updates with patches, and reads are carried out in that order, whatever their order in the bundle.

An error anywhere undoes all of it and names the entry.

Source: FHIR R4, 3.1.0.11.2 transaction processing rules.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any

from careloom.governance import Decision
from careloom.model.errors import InvalidError, MalformedError, MultipleMatchesError, NotSupportedError
from careloom.model.issues import Issue, has_errors
from careloom.model.records import dataclass, field, replace
from careloom.model.resource import Resource
from careloom.model.room import ROOM
from careloom.rest.access import require, together
from careloom.rest.admission import addressed, conformance_issues, hooked
from careloom.rest.conditional import condition_of, matched, parse_condition
from careloom.rest.delete import all_matched, delete_all, prepare_delete
from careloom.rest.entries import (
    Allowance,
    Answer,
    Common,
    Entry,
    answered,
    at_entry,
    bundle_of,
    elements,
    for_entries,
    read_entry,
    telling,
)
from careloom.rest.hub import Hub
from careloom.rest.interaction import Work
from careloom.rest.making import Links, Made, found_references, make_ready
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.ownership import known
from careloom.rest.patch import drafted, prepare_patch
from careloom.rest.plain import enter
from careloom.rest.relinking import conditional_references, relink
from careloom.rest.representation import written
from careloom.rest.threads import in_thread
from careloom.rest.update import identify
from careloom.search import Query
from careloom.store import Turn, Version

Judged = dict[tuple[str, str, str], Decision]
"""What lets entries pass, by interaction, its right and the type: it depends on nothing else of them."""

_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}
_CHANGING = frozenset({"DELETE", "POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class Plan:
    """A transaction that is ready for its turn.

    Attributes:
        entries: In the order of the bundle; resources are valid, conditions are parsed.
        references: References by search, with what they ask.
        decision: What lets it pass: the decisions on its entries, together.
        made: The resources of its entries as they will most likely be written, by number.
        is_large: Whether it makes room for small requests where it holds up nobody (`careloom.model.room`).
    """

    entries: tuple[Entry, ...]
    references: Mapping[str, Query]
    decision: Decision | None
    made: Mapping[int, Made] = field(default_factory=dict)
    is_large: bool = False

    @property
    def needs_record(self) -> bool:
        """Whether it takes a look at the record to make its resources ready: for references by search, and patches."""
        return bool(self.references) or any(entry.interaction.body == "patch" for entry in self.entries)


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
    plan = await hub.at_hand.make(partial(_planned, request, hub), request, apart=hub.before_write)
    if plan.needs_record:
        entries = tuple([await _drafted(entry, hub) for entry in plan.entries])
        references = await found_references(plan.references, hub)
        made = await in_thread(make_ready, entries, references, hub)
        plan = replace(plan, entries=entries, made=made)
    return partial(transact, plan=plan, hub=hub)


def _planned(request: FhirRequest, hub: Hub) -> Plan:
    """The plan, with its resources made ready where that takes no look at the record."""
    plan = prepare_transaction(request, hub)
    return plan if plan.needs_record else replace(plan, made=make_ready(plan.entries, {}, hub))


async def _drafted(entry: Entry, hub: Hub) -> Entry:
    """The entry; of a patch by id with what it makes of the version of this moment, so that its turn is short."""
    request = entry.request
    if entry.interaction.body != "patch" or not request.id:
        return entry
    current = known(await hub.repository.read(request.type, request.id), request, hub)
    with telling(entry.number):
        return replace(entry, request=await in_thread(drafted, request, current, hub))


def prepare_transaction(request: FhirRequest, hub: Hub) -> Plan:
    """Read, decide and validate every entry.

    Raises:
        MalformedError: An entry cannot be read, or two have the same ``fullUrl``.
        ForbiddenError: The client may not do what an entry asks.
        InvalidError: A resource does not conform; carries the issues of all entries.
    """
    assert request.body is not None
    common = for_entries(request)
    judged: Judged = {}
    read = enumerate(ROOM.paced(elements(request.body, hub)))
    entries = [_read(number, element, common, judged, hub) for number, element in read]
    _require_distinct_names(entries)
    references: dict[str, Query] = {}
    for place, entry in enumerate(ROOM.paced(entries) if request.may_ask else ()):
        if found := dict(_references(entry, hub)):
            references |= found
            entries[place] = replace(entry, searches=tuple(found))
    _require_conformance(entries, references, hub)
    ready = tuple(_prepared(entry, hub) for entry in ROOM.paced(entries))
    return Plan(ready, references, together(judged.values()), is_large=ROOM.is_for_large)


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
                answers[each.entry.number] = answered(allowance.spend(_carry_out(turn, each, links, plan, hub)))
    answer = bundle_of("transaction-response", (answers[each.entry.number] for each in paced(settled)))
    return replace(answer, decision=plan.decision)


def _kind(settled: Settled, links: Links, plan: Plan) -> tuple[str, bool]:
    """The method of an entry, and whether it is plain and its resource what it was made to be."""
    made = plan.made.get(settled.entry.number)
    return settled.entry.request.method, made is not None and made.is_plain and made.holds(settled.id, links)


def _keys(settled: Iterable[Settled], *, is_new: bool) -> Iterator[tuple[str, str]]:
    """Type and id of the resources that are new, or of the others."""
    return ((each.entry.request.type, id) for each in settled if each.is_new == is_new for id in each.ids)


def _read(number: int, element: object, common: Common, judged: Judged, hub: Hub) -> Entry:
    with telling(number):
        entry = read_entry(number, element, common, hub)
        if entry.interaction.in_turn is None:
            raise NotSupportedError(f"{entry.interaction.code} has no place in a transaction")
        kind = (entry.interaction.code, entry.interaction.right, entry.request.type)
        if kind not in judged:
            judged[kind] = require(entry.interaction, entry.request, hub)
        if entry.interaction.body == "resource" and not entry.interaction.operation:
            addressed(entry.request)
        return entry


def _require_distinct_names(entries: Iterable[Entry]) -> None:
    seen: dict[str, int] = {}
    for entry in entries:
        if entry.full_url and entry.request.method in ("POST", "PUT"):
            with telling(entry.number):
                if entry.full_url in seen:
                    raise MalformedError(f"fullUrl {entry.full_url} is that of entry {seen[entry.full_url]} already")
            seen[entry.full_url] = entry.number


def _references(entry: Entry, hub: Hub) -> Iterator[tuple[str, Query]]:
    with telling(entry.number):
        for type, text in conditional_references(entry.request.body or {}):
            yield text, parse_condition(type, text, entry.request, hub)


def _require_conformance(entries: Sequence[Entry], references: Iterable[str], hub: Hub) -> None:
    named = {entry.full_url: entry.request.body for entry in entries if entry.full_url and entry.request.body}
    sought = {text: {"resourceType": text.partition("?")[0]} for text in references}  # all that is known of it as yet
    resolve = {**named, **sought}.get if named or sought else None
    resources = [entry for entry in entries if entry.request.body and entry.interaction.body == "resource"]
    found = [
        (entry, conformance_issues(entry.request.body or {}, hub, resolve=resolve)) for entry in ROOM.paced(resources)
    ]
    if any(has_errors(issues) for _, issues in found):
        told = [at_entry(issue, entry.number) for entry, issues in found for issue in issues]
        raise InvalidError(f"Bundle: {sum(issue.is_error for issue in told)} errors", issues=told)


def _prepared(entry: Entry, hub: Hub) -> Entry:
    """The entry as its hook leaves it, with its condition parsed if it has one."""
    request = entry.request
    with telling(entry.number):
        if entry.interaction.body == "patch":
            return replace(entry, request=prepare_patch(request, hub))
        if request.body and entry.interaction.body == "resource" and request.type in hub.before_write:
            request = replace(request, body=hooked(request.body, request, hub))
        if request.method == "DELETE":
            return replace(entry, request=prepare_delete(request, hub))
        if condition := condition_of(request, hub):
            request = request.on_condition(condition)
    return entry if request is entry.request else replace(entry, request=request)


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
