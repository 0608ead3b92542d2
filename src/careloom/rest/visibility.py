"""What of the record a client may see, in the language of search.

The agreements in force say which types; ownership says that of some types a client sees only what is its own
(`careloom.rest.ownership`). Both become an `Access`, which search puts at every place where a query enters a population
of resources: totals, pages, sorts, chains, ``_has`` and includes tell nothing of what may not be seen.
"""

from careloom.governance import TypeSet, visible_types
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest
from careloom.search.access import narrowed as narrowed_by
from careloom.search.conditions import EVERYTHING, NOTHING, Comparison, Condition
from careloom.search.operands import TokenOperand
from careloom.search.query import Access, Query


def narrowed(query: Query, request: FhirRequest, hub: Hub) -> Query:
    """The query on what the client of a request may see alone."""
    return narrowed_by(query, access_of(request, hub))


def access_of(request: FhirRequest, hub: Hub) -> Access:
    """What the client of a request may see of each type."""
    assert request.grant is not None
    visible = visible_types(request.grant, "search-type", hub.registry, hub.clock())
    owned = {type: _own(system, request.grant.client) for type, system in hub.owned.items()}
    if visible.is_every:
        return Access(tuple(owned.items()), EVERYTHING)
    return Access(tuple((type, owned.get(type, EVERYTHING)) for type in served_types(visible, hub)), NOTHING)


def sees_whole(request: FhirRequest, hub: Hub) -> bool:
    """Whether every resource of a request's type may be told to its client as it stands, once it may read the type.

    What comes to hide resources or elements from somebody has to say so here.
    """
    return request.type not in hub.owned


def served_types(visible: TypeSet, hub: Hub) -> tuple[str, ...]:
    """Those of a set of types that the hub holds."""
    return tuple(sorted(type for type in hub.routes.types if type in visible))


def _own(system: str, client: str) -> Condition:
    """What carries the tag that names a client."""
    return Comparison("_tag", "token", (TokenOperand(system, client),))
