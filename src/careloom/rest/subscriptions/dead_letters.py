"""$dead-letters: the events that a receiver refused, which were put aside so that those behind them could pass."""

from typing import Any

from careloom.model.instants import instant
from careloom.notify.console import PutAside, put_aside
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.operation import Operation, Parameter
from careloom.rest.parameters import inputs
from careloom.rest.subscriptions.own import addressed_subscription


async def dead_letters(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET Subscription/1/$dead-letters``.

    Raises:
        NotFoundError: There is no such subscription, or it is another client's.
    """
    inputs(request, ())
    version, subscription = await addressed_subscription(request, hub)
    letters = await put_aside(subscription.id, hub.repository.events)
    told = {"resourceType": "Parameters", "parameter": [_part(letter) for letter in letters]}
    return FhirResponse(200, told if letters else {"resourceType": "Parameters"}, versions=(version,))


def _part(letter: PutAside) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [
        {"name": "event-number", "valueString": str(letter.number)},
        {"name": "reason", "valueString": letter.reason},
        {"name": "recorded", "valueInstant": instant(letter.recorded)},
    ]
    if letter.replayed is not None:
        parts += [
            {"name": "replay", "valueString": letter.replay},
            {"name": "replayed", "valueInstant": instant(letter.replayed)},
        ]
    if letter.endpoint:
        parts.append({"name": "endpoint", "valueUrl": letter.endpoint})
    return {"name": "dead-letter", "part": parts}


DEAD_LETTERS = Operation(
    "dead-letters",
    dead_letters,
    title="Events that a receiver refused and that were put aside",
    definition="https://careloom.example/fhir/OperationDefinition/Subscription-dead-letters",
    levels={"instance": "r"},
    types=("Subscription",),
    gives=(
        Parameter(
            "dead-letter",
            most="*",
            parts=(
                Parameter("event-number", "string"),
                Parameter("reason", "string"),
                Parameter("recorded", "instant"),
                Parameter("replay", "string", about="by which it was told since; without it the event is open"),
                Parameter("replayed", "instant", about="when that was asked for"),
                Parameter("endpoint", "url", about="where it was told, unless at that of the subscription"),
            ),
        ),
    ),
)
"""$dead-letters."""
