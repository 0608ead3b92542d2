"""$status: how a subscription stands, also while nothing can be delivered to it.

Source: Subscriptions R5 Backport 1.1, OperationDefinition backport-subscription-status.
"""

from careloom.model.errors import CareloomError
from careloom.model.records import replace
from careloom.model.resource import Resource
from careloom.notify.notification import Head, notification_id, status_parameters
from careloom.notify.subscriptions import Subscription, outline, read_subscription
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.operation import Operation, Parameter
from careloom.rest.operations.addressed import addressed_version, resource_of
from careloom.rest.operations.searchset import link, searchset
from careloom.rest.parameters import inputs
from careloom.rest.subscriptions.own import BY_STATE, all_own, asked_states, own_by_id, telling_of
from careloom.store import Version

_TAKES = (
    Parameter("id", "id", most="*", about="ids of subscriptions; all of the client's own without any"),
    BY_STATE,
)


async def status(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET Subscription/1/$status`` and ``GET Subscription/$status?id=1&status=error``.

    Raises:
        NotFoundError: There is no such subscription, or it is another client's.
        MalformedError: A state there is not.
    """
    given = inputs(request, _TAKES)
    if request.id:
        versions = [await addressed_version(request, hub)]
    else:
        ids, states = given.texts("id"), asked_states(given)
        found = await own_by_id(ids, request, hub) if ids else await all_own(request, hub)
        versions = [each for each in found if not states or resource_of(each).get("status") in states]
    entries = [await _entry(version, hub) for version in versions]
    links = [link("self", request, request.parameters, hub)]
    bundle = searchset(request, hub, entries, total=len(entries), links=links)
    return FhirResponse(200, bundle, versions=tuple(versions))


async def subscription_head(subscription: Subscription, kind: str, hub: Hub) -> Head:
    """What notifications that answer a question say of a subscription, as it stands now."""
    count = await hub.repository.events.last_number(subscription.id)
    cursor = await hub.repository.events.cursor(subscription.id)
    return Head(
        base_url=hub.base_url,
        subscription=subscription,
        kind="query-status" if kind == "query-status" else "query-event",
        status=subscription.status,
        identity=notification_id(subscription.id, kind, hub.new_id(), count),
        timestamp=hub.clock(),
        count=count,
        errors=(("delivery", cursor.error),) if cursor.error and subscription.status != "off" else (),
    )


async def _entry(version: Version, hub: Hub) -> Resource:
    resource = resource_of(version)
    head = await subscription_head(_subscription(resource, hub), "query-status", hub)
    if not head.errors and resource.get("error"):
        head = replace(head, errors=(("subscription", str(resource["error"])),))
    return {
        "fullUrl": f"urn:uuid:{head.identity}",
        "resource": status_parameters(head),
        "search": {"mode": "match"},
    }


def _subscription(resource: Resource, hub: Hub) -> Subscription:
    """The subscription, also where it cannot be served any more: others of its client can be asked for with it."""
    try:
        return read_subscription(resource, telling_of(hub).topics)
    except CareloomError:
        return outline(resource)


STATUS = Operation(
    "status",
    status,
    title="How subscriptions stand",
    definition="http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-status",
    levels={"instance": "r", "type": "r"},
    types=("Subscription",),
    takes=_TAKES,
    gives=(Parameter("return", "Bundle", least=1),),
)
"""$status."""
