"""What a Subscription says in extensions: those of the Backport guide, and a few of our own, read with their limits.

The guide leaves to the server what it will serve. What lies outside of that is refused when a subscription is made,
and never served otherwise than it was asked for.

Source: Subscriptions R5 Backport 1.1, StructureDefinitions.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

from careloom.model.errors import InvalidError
from careloom.model.records import dataclass
from careloom.notify.topics import LEVELS, Content

GUIDE: Final = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"
CONTENT: Final = f"{GUIDE}/backport-payload-content"
FILTER: Final = f"{GUIDE}/backport-filter-criteria"
MAX_COUNT: Final = f"{GUIDE}/backport-max-count"
HEARTBEAT: Final = f"{GUIDE}/backport-heartbeat-period"
TIMEOUT: Final = f"{GUIDE}/backport-timeout"
CHANNEL_TYPE: Final = f"{GUIDE}/backport-channel-type"

OURS: Final = "https://careloom.example/fhir/StructureDefinition"
ORDER: Final = f"{OURS}/subscription-order"
ON_POISON: Final = f"{OURS}/subscription-on-refusal"
COALESCE: Final = f"{OURS}/subscription-coalesce"
RESUME: Final = f"{OURS}/subscription-resume"

CROSS_VERSION: Final = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Subscription."
"""Extensions that would say in another way what the guide's own say."""

MOST_EVENTS: Final = 1000
HEARTBEATS: Final = (10, 7 * 24 * 3600)
TIMEOUTS: Final = (1, 300)
"""Seconds, the least and the most."""

Order = Literal["subscription", "patient"]
OnPoison = Literal["halt", "dead-letter"]
Resume = Literal["first-undelivered", "now"]


@dataclass(frozen=True, slots=True)
class Delivering:
    """How a subscription wants to be told.

    Attributes:
        content: How much a notification says of its focus.
        max_count: How many events go in one notification, at most.
        heartbeat: Seconds of silence after which a heartbeat is sent; None for none.
        timeout: Seconds that one try may take; None where the subscription does not say.
        order: ``subscription``: one after the other; ``patient``: those of one patient one after the other, those of
            different patients side by side, one event in each notification.
        on_poison: What becomes of an event that the receiver refuses whatever is tried: ``halt`` keeps it and those
            behind it, ``dead-letter`` puts it aside.
        coalesce: Whether in one notification only the last event of a focus says what it is about.
        resume: Where telling goes on after a subscription was requested again.
    """

    content: Content = "id-only"
    max_count: int = 1
    heartbeat: int | None = None
    timeout: int | None = None
    order: Order = "subscription"
    on_poison: OnPoison = "halt"
    coalesce: bool = False
    resume: Resume = "first-undelivered"


def read_delivering(channel: Mapping[str, Any]) -> Delivering:
    """What the extensions of a channel say.

    Raises:
        InvalidError: One of them is beyond what the hub serves.
    """
    order: Order = _chosen(channel, ORDER, ("subscription", "patient"))
    max_count = _number(channel, MAX_COUNT, "valuePositiveInt", "max-count", (1, MOST_EVENTS)) or 1
    if order == "patient" and max_count > 1:
        raise InvalidError("max-count 1 expected where the order is kept by patient alone")
    return Delivering(
        content=read_content(channel),
        max_count=max_count,
        heartbeat=_number(channel, HEARTBEAT, "valueUnsignedInt", "heartbeat-period", HEARTBEATS),
        timeout=_number(channel, TIMEOUT, "valueUnsignedInt", "timeout", TIMEOUTS),
        order=order,
        on_poison=_chosen(channel, ON_POISON, ("halt", "dead-letter")),
        coalesce=_chosen(channel, COALESCE, ("none", "latest-per-focus")) == "latest-per-focus",
        resume=_chosen(channel, RESUME, ("first-undelivered", "now")),
    )


def read_content(channel: Mapping[str, Any]) -> Content:
    """How much to tell; id-only where the subscription does not say.

    Raises:
        InvalidError: No level there is.
    """
    given = extension_values(channel.get("_payload"), CONTENT, "valueCode") or ["id-only"]
    found: Content | None = next((level for level in LEVELS if [level] == given), None)
    if found is None:
        raise InvalidError(f"content empty, id-only or full-resource expected, found {', '.join(map(str, given))}")
    return found


def extension_values(element: Any, url: str, key: str) -> list[Any]:
    """The values of an extension on an element, under one of the names that a value may have."""
    extensions = element.get("extension", []) if isinstance(element, dict) else []
    return [extension[key] for extension in extensions if extension.get("url") == url and key in extension]


def _number(channel: Mapping[str, Any], url: str, key: str, name: str, bounds: tuple[int, int]) -> int | None:
    given = extension_values(channel, url, key)
    if not given:
        return None
    least, most = bounds
    if len(given) > 1 or not isinstance(given[0], int) or not least <= given[0] <= most:
        raise InvalidError(f"{name} from {least} to {most} expected, found {', '.join(map(str, given))}")
    return given[0]


def _chosen(channel: Mapping[str, Any], url: str, codes: tuple[str, ...]) -> Any:
    """One of several codes, the first of them where nothing is said."""
    given = extension_values(channel, url, "valueCode") or [codes[0]]
    if len(given) > 1 or given[0] not in codes:
        name = url.rpartition("/")[2]
        raise InvalidError(f"{name} {' or '.join(codes)} expected, found {', '.join(map(str, given))}")
    return given[0]
