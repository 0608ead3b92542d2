"""$delivery: how subscriptions are delivered, for those whose they are and for who oversees them.

Of one: its lane, the latest tries, what was put aside, what was told once more. Of all: how each stands, how many there
are in each state, and for who oversees how much is told at present. The console and ``careloom notify`` show the same.
"""

from typing import Final

from careloom.notify.console import Overview, detail, overview, to_parts
from careloom.notify.console.gathering import PAGE, with_figures
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.operation import Operation, Parameter
from careloom.rest.parameters import inputs
from careloom.rest.subscriptions.oversight import overseen_version, view_of
from careloom.rest.subscriptions.own import BY_STATE, asked_states, telling_of

MOST: Final = 500

_TAKES: Final = (
    BY_STATE,
    Parameter("_count", "unsignedInt", about=f"subscriptions on a page, {PAGE} unless said, at most {MOST}"),
    Parameter("page", "string", about="the page that another one named as the next"),
)


async def delivery(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET Subscription/1/$delivery`` and ``GET Subscription/$delivery?status=error``.

    Raises:
        NotFoundError: There is no such subscription, or it is another client's.
        MalformedError: A state there is not, or a page there is not.
    """
    if not request.id:
        found = await overview_for(request, hub)
        return FhirResponse(200, {"resourceType": "Parameters", "parameter": to_parts(found)})
    inputs(request, ())
    version = await overseen_version(request, hub)
    told = to_parts(await detail(version, view_of(request, hub)))
    return FhirResponse(200, {"resourceType": "Parameters", "parameter": told}, versions=(version,))


async def overview_for(request: FhirRequest, hub: Hub) -> Overview:
    """The page of subscriptions that a request asks for."""
    given = inputs(request, _TAKES)
    states, count, telling = asked_states(given), given.whole("_count"), telling_of(hub)
    view, count = view_of(request, hub), min(count or PAGE, MOST)
    found = await overview(view, states=states, count=count, page=given.text("page"))
    return with_figures(found, telling, hub.clock())


_FIGURES: Final = (
    Parameter("told", "string", about="events that receivers have accepted"),
    Parameter("tries", "string", about="notifications sent"),
    Parameter("failed", "string", about="those that were not accepted"),
    Parameter("p50", "decimal", about="seconds from commit to acceptance that half of the events took at most"),
    Parameter("p99", "decimal", about="the same of 99 in a hundred"),
)

DELIVERY = Operation(
    "delivery",
    delivery,
    title="How subscriptions are delivered: lanes, tries, what was put aside",
    definition="https://careloom.example/fhir/OperationDefinition/Subscription-delivery",
    levels={"instance": "r", "type": "r"},
    types=("Subscription",),
    takes=_TAKES,
    gives=(
        Parameter("totals", about="how many subscriptions are in each state"),
        Parameter("last-minute", about="what was told, for who oversees", parts=_FIGURES),
        Parameter("ten-minutes", about="the same of ten minutes", parts=_FIGURES),
        Parameter("standings", most="*", about="how each subscription stands"),
        Parameter("next", "string", about="the page that follows"),
        Parameter("standing", about="how the one that was asked for stands"),
        Parameter("tries", most="*", about="its latest tries, newest first"),
        Parameter("dead-letters", most="*", about="events that were put aside"),
        Parameter("replays", most="*", about="what was told once more"),
    ),
)
"""$delivery."""
