"""Which resources an export holds: the searches that find them, and what is tested on each that is found.

One search covers all types, so that an export of the system is one snapshot. An export of patients looks at the
resources that say a patient is their subject, and keeps those whose compartment is a patient's. One of a group or of
named patients goes through their compartments, some at a time, and keeps each resource once.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from careloom.model.records import dataclass, field, replace
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest
from careloom.rest.operations.export.order import BY_PATIENT, Order
from careloom.rest.visibility import narrowed
from careloom.search import Query, index_values
from careloom.search.conditions import And, Comparison, Condition, InCompartment, IsType, Missing, Narrowing, Not, Or
from careloom.search.dates import date_interval
from careloom.search.operands import DateOperand, ReferenceOperand, TokenOperand
from careloom.store import Version

PAGE: Final = 1000
AT_ONCE: Final = 50
"""Patients whose compartments one search goes through."""


@dataclass(slots=True)
class Population:
    """What an export holds.

    Attributes:
        order: What was asked for.
        request: Who asked.
        hub: Where.
    """

    order: Order
    request: FhirRequest
    hub: Hub
    _seen: set[str] = field(default_factory=set)

    def queries(self) -> Iterator[Query]:
        """The searches that find all of it, and perhaps more."""
        order = self.order
        if not order.types:
            return
        if order.scope == "system":
            yield self._query(order.types)
        elif order.patients is None:
            yield self._query(order.types, Or(tuple(self._says_whose(type) for type in order.types)))
        else:
            waiting = iter(order.patients)
            while some := list(islice(waiting, AT_ONCE)):
                yield self._query(order.types, self._of(some))

    def of_ids(self, type: str, ids: Sequence[str]) -> Query:
        """The search of resources that others refer to."""
        return self._query((type,), Comparison("_id", "token", tuple(TokenOperand(None, id) for id in ids)))

    def held(self, versions: Iterable[Version]) -> list[Version]:
        """Those of what was found that belong to the export."""
        return [version for version in versions if self._holds(version)]

    def _holds(self, version: Version) -> bool:
        """Whether a resource that was found belongs to the export and was not there before."""
        if self.order.scope == "system":
            return True
        if self.order.patients is None:
            return version.type in BY_PATIENT or bool(self.patients_of(version))
        if version.reference in self._seen:
            return False
        self._seen.add(version.reference)
        return True

    def patients_of(self, version: Version) -> set[str]:
        """``Patient/id`` of those in whose compartment a version is."""
        assert version.resource is not None
        parameters = self.hub.parameters
        codes = {*parameters.compartments(version.type).get("Patient", ()), BY_PATIENT.get(version.type, "")}
        values = index_values(version.resource, parameters, only=codes)
        held = {each for each in values.compartments if each.startswith("Patient/")}
        return held | {each.target for each in values.references.get(BY_PATIENT.get(version.type, ""), ())}

    def _query(self, types: tuple[str, ...], *conditions: Condition) -> Query:
        query = Query("", (*conditions, *self._asked()), count=PAGE, total="none", types=types)
        seen = narrowed(query, self.request, self.hub)  # before the conditions are put aside, since filters may chain
        aside = (each if isinstance(each, Narrowing) else Narrowing(each) for each in seen.conditions)
        return replace(seen, conditions=tuple(aside))  # a page token prints a query, and these cannot be printed

    def _asked(self) -> Iterator[Condition]:
        """What the order says of every resource."""
        if self.order.since:
            text = self.order.since.isoformat()
            low, high = date_interval(text, self.hub.parameters.zone) or (0, 0)
            yield Comparison("_lastUpdated", "date", (DateOperand(f"ge{text}", "ge", low, high),))
        if filters := self.order.filters:
            met = (And((IsType((type,)), Or(conditions))) for type, conditions in filters.items())
            yield Or((Not(IsType(tuple(filters))), *met))

    def _says_whose(self, type: str) -> Condition:
        """That a resource of a type has an element that tells of a patient."""
        codes = [*self.hub.parameters.compartments(type).get("Patient", ()), *filter(None, [BY_PATIENT.get(type)])]
        said = Or(tuple(Missing(code, False) for code in codes)) if type != "Patient" else And()
        return And((IsType((type,)), said))

    def _of(self, patients: Sequence[str]) -> Condition:
        """That a resource is about one of some patients."""
        held = tuple(InCompartment("Patient", each.partition("/")[2]) for each in patients)
        told = tuple(ReferenceOperand(each, (each,)) for each in patients)
        outside = (
            And((IsType((type,)), Comparison(code, "reference", told)))
            for type, code in BY_PATIENT.items()
            if type in self.order.types
        )
        others = tuple(type for type in self.order.types if type not in BY_PATIENT)
        return Or((And((IsType(others), Or(held))), *outside))


def following(query: Query, page: str) -> Query:
    """The search that goes on where a page ended."""
    return replace(query, page=page)
