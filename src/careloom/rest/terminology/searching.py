"""What a search must have at hand before it is read: the codes of the value sets and hierarchies that it names.

Reading a search is synchronous and asks no record, so what the record holds of terminology is fetched before.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from careloom.model.records import replace
from careloom.rest.messages import FhirRequest
from careloom.search.escaping import split, unescape

if TYPE_CHECKING:
    from careloom.rest.hub import Hub

_MEMBERSHIP = (":in", ":not-in")
_HIERARCHY = (":above", ":below")


async def with_codes(request: FhirRequest, hub: "Hub") -> "Hub":
    """The hub as this search is to be read by it: it knows value sets of the record that the client may see.

    What stands in ``_filter`` is answered from packages and store alone.
    """
    value_sets = list(_named(request, _MEMBERSHIP))
    systems = [text.partition("|")[0] for text in _named(request, _HIERARCHY) if "|" in text]
    if hub.terminology is None or not (value_sets or systems):
        return hub
    codes = await hub.terminology.for_search(value_sets, systems, request, hub)
    return replace(hub, parameters=hub.parameters.with_codes(codes))


def _named(request: FhirRequest, modifiers: tuple[str, ...]) -> Iterator[str]:
    """The alternatives of the parameters with one of the modifiers, chained ones and those of ``_has`` included."""
    for name, value in request.parameters:
        if name.endswith(modifiers):
            yield from map(unescape, split(value, ","))
