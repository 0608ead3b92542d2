"""$replay: a range of events is told once more, to the endpoint of the subscription or to another one.

The order is on record as a request like any other, and each event that is told by it like any telling. The work is done
by the process that notifies, beside the lane, and goes on after a crash (`careloom.notify.replaying`).
"""

from typing import Any, Final

from careloom.model.errors import ForbiddenError, InvalidError, NotSupportedError
from careloom.model.parameters import Inputs, parameters
from careloom.notify.subscriptions import WITHOUT_ENDPOINT, Subscription, read_subscription
from careloom.rest.errors import ThrottledError
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.operation import Operation, Parameter
from careloom.rest.operations.addressed import resource_of
from careloom.rest.parameters import inputs
from careloom.rest.subscriptions.oversight import overseen_version
from careloom.rest.subscriptions.own import telling_of
from careloom.rest.subscriptions.ranges import RANGE, asked_range
from careloom.store import Replay

_TAKES: Final = (*RANGE, Parameter("endpoint", "url", about="where to send; that of the subscription without one"))


async def replay(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``POST Subscription/1/$replay``.

    Raises:
        NotFoundError: There is no such subscription, or it is another client's.
        MalformedError: Not a range.
        DeletedError: The range begins with events that are not held any more.
        ForbiddenError: Another endpoint than that of somebody else's subscription.
        InvalidError: The subscription is not active, there is nothing to tell, or the endpoint is not allowed.
        NotSupportedError: The client of a websocket binds again instead, from the number it wants.
        ThrottledError: As many of this client as it may have are open.
    """
    given = inputs(request, _TAKES)
    version = await overseen_version(request, hub, "update")
    subscription = read_subscription(resource_of(version), telling_of(hub).topics)
    if subscription.channel in WITHOUT_ENDPOINT:
        raise NotSupportedError("a websocket is bound again instead, with the number of the last event it has")
    if subscription.status != "active":
        raise InvalidError(f"Subscription.status: active expected, found {subscription.status}")
    asked = await asked_range(given, subscription.id, hub.repository.events)
    if asked.first < 1 or asked.last < asked.first:
        raise InvalidError("there are no such events to replay")
    assert request.grant is not None
    await _require_few(request.grant.client, hub)
    order = Replay(
        id=hub.new_id(),
        subscription=subscription.id,
        first=asked.first,
        last=asked.last,
        endpoint=_endpoint(given, subscription, request, hub),
        requested_by=request.grant.client,
        recorded=hub.clock(),
        delivered_to=asked.first - 1,
    )
    await hub.repository.events.save_replay(order)
    return FhirResponse(200, parameters(*_told(order)), versions=(version,))


async def _require_few(client: str, hub: Hub) -> None:
    """Each open order is a task that tries for days: one client's may not crowd out those of others."""
    most = telling_of(hub).most_replays
    own = [each for each in await hub.repository.events.open_replays() if each.requested_by == client]
    if len(own) >= most:
        raise ThrottledError(
            f"$replay: at most {most} in progress expected of one client, found {len(own)}, the oldest "
            f"{own[0].id} of Subscription/{own[0].subscription}; ask again when one is over"
        )


def _endpoint(given: Inputs, subscription: Subscription, request: FhirRequest, hub: Hub) -> str:
    """Where to send instead, held to the same rules as the endpoint of a subscription.

    Who oversees has events told to where they go anyway: what is in them is not its to hand on.
    """
    endpoint = given.text("endpoint")
    if not endpoint or endpoint == subscription.endpoint:
        return ""
    assert request.grant is not None
    if subscription.owner != request.grant.client:
        raise ForbiddenError("endpoint: that of the subscription expected, since the subscription is another client's")
    telling = telling_of(hub)
    rule = telling.rules.get(subscription.channel)
    if rule and rule.check:
        rule.check(endpoint, subscription.owner)
    else:
        telling.endpoints.check_url(endpoint)
    if subscription.delivering.content == "full-resource" and endpoint.startswith("http:"):
        raise InvalidError("endpoint: https expected, since notifications hold patient data")
    return endpoint


def _told(order: Replay) -> tuple[dict[str, Any], ...]:
    return (
        {"name": "replay", "valueString": order.id},
        {"name": "first", "valueString": str(order.first)},
        {"name": "last", "valueString": str(order.last)},
    )


REPLAY = Operation(
    "replay",
    replay,
    title="Tells a range of events once more",
    definition="https://careloom.example/fhir/OperationDefinition/Subscription-replay",
    levels={"instance": "r"},
    types=("Subscription",),
    affects_state=True,
    takes=_TAKES,
    gives=(
        Parameter("replay", "string", least=1, about="what the order is called"),
        Parameter("first", "string", least=1, about="number of its first event"),
        Parameter("last", "string", least=1, about="number of its last event"),
    ),
)
"""$replay."""
