"""$events: what a subscription was to be told, asked for instead of waited for.

What may be said is decided anew for each event, by the policy of the moment and by what the token of this request may
read; what is given out is on record like anything that is told.

Source: Subscriptions R5 Backport 1.1, OperationDefinition backport-subscription-events.
"""

from typing import Final

from careloom.model.records import replace
from careloom.notify.extensions import CONTENT, read_content
from careloom.notify.notification import Told, notification
from careloom.notify.topics import Content
from careloom.rest.access import judge_right
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.operation import Operation, Parameter
from careloom.rest.parameters import inputs
from careloom.rest.subscriptions.own import addressed_subscription, telling_of
from careloom.rest.subscriptions.ranges import RANGE, asked_range
from careloom.rest.subscriptions.status import subscription_head

MOST: Final = 1000
"""Events in one answer; who wants more asks on from the last."""

_TAKES: Final = (
    *RANGE,
    Parameter("content", "code", about="empty, id-only or full-resource; as the subscription has it without one"),
)


async def events(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET Subscription/1/$events?eventsSinceNumber=5&eventsUntilNumber=9``.

    Raises:
        NotFoundError: There is no such subscription, or it is another client's.
        MalformedError: Not a range.
        InvalidError: No content there is.
        DeletedError: The range begins with events that are not held any more.
    """
    given = inputs(request, _TAKES)
    version, subscription = await addressed_subscription(request, hub)
    telling, log = telling_of(hub), hub.repository.events
    asked = await asked_range(given, subscription.id, log)
    found = await log.events(subscription.id, asked.first, min(asked.last, asked.first + MOST - 1))
    content = _content(given.text("content"), subscription.delivering.content)
    content = telling.contents.level(content, found)
    told = _readable(await telling.contents.told(subscription, found, content), request, hub)
    if told:
        await telling.disclosed(subscription, told)
    head = replace(await subscription_head(subscription, "query-event", hub), content=content)
    return FhirResponse(200, notification(head, told), versions=(version,))


def _content(asked: str, usual: Content) -> Content:
    """How much is asked for."""
    if not asked:
        return usual
    return read_content({"_payload": {"extension": [{"url": CONTENT, "valueCode": asked}]}})


def _readable(told: list[Told], request: FhirRequest, hub: Hub) -> list[Told]:
    """The same, silent of what the token of this request may not read."""
    types = {each.event.focus.partition("/")[0] for each in told}
    types |= {version.type for each in told for version in each.context}
    allowed = {type for type in types if judge_right("read", type, request, hub).permit}
    return [_cut(each, allowed) for each in told]


def _cut(told: Told, allowed: set[str]) -> Told:
    if not told.silence and told.event.focus.partition("/")[0] not in allowed:
        return replace(told, silence="denied", focus=None, context=())
    return replace(told, context=tuple(each for each in told.context if each.type in allowed))


EVENTS = Operation(
    "events",
    events,
    title="What a subscription was to be told, once more",
    definition="http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-events",
    levels={"instance": "r"},
    types=("Subscription",),
    takes=_TAKES,
    gives=(Parameter("return", "Bundle", least=1),),
)
"""$events."""
