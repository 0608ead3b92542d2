"""What of a transaction needs no turn: its plan, made on a worker thread unless it is small (`careloom.rest.at_hand`).

Each entry is read and decided on, its resource validated, its condition parsed, and each resource made ready for the
store (`careloom.rest.making`). References by search, and patches, take a look at the record of this moment.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from careloom.governance import Decision
from careloom.model.errors import InvalidError, MalformedError, NotSupportedError
from careloom.model.issues import has_errors
from careloom.model.records import dataclass, field, replace
from careloom.model.room import ROOM
from careloom.rest.access import require, together
from careloom.rest.admission import addressed, conformance_issues, hooked
from careloom.rest.conditional import condition_of, parse_condition
from careloom.rest.delete import prepare_delete
from careloom.rest.entries import Common, Entry, at_entry, elements, for_entries, read_entry, telling
from careloom.rest.hub import Hub
from careloom.rest.making import Made, found_references, make_ready
from careloom.rest.messages import FhirRequest
from careloom.rest.ownership import known
from careloom.rest.patch import drafted, prepare_patch
from careloom.rest.relinking import conditional_references
from careloom.rest.threads import in_thread
from careloom.search import Query

Judged = dict[tuple[str, str, str], Decision]
"""What lets entries pass, by interaction, its right and the type: it depends on nothing else of them."""


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


async def plan_of(request: FhirRequest, hub: Hub) -> Plan:
    """The plan of a transaction, complete but for what its turn finds.

    Raises:
        CareloomError: As ``prepare_transaction``; a reference by search leads nowhere, or a patch does not fit.
    """
    plan = await hub.at_hand.make(partial(_planned, request, hub), request, apart=hub.before_write)
    if not plan.needs_record:
        return plan
    entries = tuple([await _drafted(entry, hub) for entry in plan.entries])
    references = await found_references(plan.references, hub)
    made = await in_thread(make_ready, entries, references, hub)
    return replace(plan, entries=entries, made=made)


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
