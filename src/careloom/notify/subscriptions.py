"""R4 Subscriptions after the R5 Backport guide: read, checked, and written back with their state.

A client writes criteria (the topic), filters, channel and content; status and error are the hub's to write. The client
and the purpose it asked for are stamped on the resource (``meta.tag``, ``meta.security``), since every delivery is
decided anew for them.

Source: Subscriptions R5 Backport 1.1, https://hl7.org/fhir/uv/subscriptions-backport.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import parse_qsl

from careloom.governance.purposes import ACT_REASON
from careloom.model import Issue, Resource
from careloom.model.errors import CareloomError, InvalidError
from careloom.notify.endpoints import EndpointPolicy
from careloom.notify.topics import Topic, TopicRegistry
from careloom.search import Query, SearchParameters, parse_query

GUIDE = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"
CONTENT = f"{GUIDE}/backport-payload-content"
FILTER = f"{GUIDE}/backport-filter-criteria"
MAX_COUNT = f"{GUIDE}/backport-max-count"
OWNER_SYSTEM = "https://careloom.example/subscription-owner"

Status = Literal["requested", "active", "error", "off"]
Content = Literal["empty", "id-only"]
PAYLOADS = ("application/fhir+json", "application/json")
MOST_EVENTS = 100


@dataclass(frozen=True, slots=True)
class Subscription:
    """What the hub needs of a Subscription.

    Attributes:
        id: Logical id.
        topic: Canonical URL.
        filter: What the focus must match besides; None for everything the topic tells of.
        endpoint: Where to send.
        headers: To send along, by name.
        content: How much a notification says of its focus.
        max_count: How many events go in one notification, at most.
        status: As the resource says.
        end: When it ends of itself, timezone-aware.
        owner: Client that made it.
        purpose: Purpose of use it was made for.
    """

    id: str
    topic: str
    filter: Query | None
    endpoint: str
    headers: tuple[tuple[str, str], ...]
    content: Content
    max_count: int
    status: Status
    end: datetime | None
    owner: str
    purpose: str


def read_subscription(resource: Resource, topics: TopicRegistry) -> Subscription:
    """The subscription in a resource that was checked before it was recorded.

    Raises:
        InvalidError: It does not fit the topics any more, or was never checked.
    """
    channel = resource.get("channel", {})
    topic = topics.find(resource.get("criteria", ""))
    if topic is None:
        raise InvalidError(f"Subscription.criteria: no topic {resource.get('criteria')!r} here")
    return Subscription(
        id=resource.get("id", ""),
        topic=topic.url,
        filter=_filter(resource, topic, topics.parameters),
        endpoint=channel.get("endpoint", ""),
        headers=tuple(_headers(channel)),
        content=_content(channel),
        max_count=_max_count(channel),
        status=resource.get("status", "off"),
        end=_end(resource),
        owner=_coded(resource, "tag", OWNER_SYSTEM),
        purpose=_coded(resource, "security", ACT_REASON),
    )


def accept_subscription(
    resource: Resource, *, client: str, purpose: str, topics: TopicRegistry, policy: EndpointPolicy, now: datetime
) -> Resource:
    """What to record of a Subscription that a client asks for: ``requested``, and stamped with client and purpose.

    The resource is a valid R4 Subscription; what is judged here is whether this hub can serve it.

    Raises:
        InvalidError: With an issue for each thing that the hub does not do or know.
    """
    problems = tuple(_problems(resource, topics, policy, now))
    if problems:
        raise InvalidError(problems[0].diagnostics, issues=problems)
    meta = dict(resource.get("meta", {}))
    meta["tag"] = [*_others(meta.get("tag"), OWNER_SYSTEM), {"system": OWNER_SYSTEM, "code": client}]
    meta["security"] = [*_others(meta.get("security"), ACT_REASON), {"system": ACT_REASON, "code": purpose}]
    status = "off" if resource.get("status") == "off" else "requested"
    accepted = resource | {"meta": meta, "status": status}
    accepted.pop("error", None)
    return accepted


def with_status(resource: Resource, status: Status, error: str = "") -> Resource:
    """The same Subscription in another state."""
    changed = resource | {"status": status}
    changed.pop("error", None)
    return changed | {"error": error} if error else changed


def _problems(resource: Resource, topics: TopicRegistry, policy: EndpointPolicy, now: datetime) -> Iterator[Issue]:
    channel = resource.get("channel", {})
    topic = topics.find(resource.get("criteria", ""))
    if topic is None:
        known = ", ".join(sorted(known.url for known in topics))
        yield _problem("criteria", f"the URL of a topic expected ({known}), found {resource.get('criteria')!r}")
    else:
        yield from _problems_of("_criteria", lambda: _filter(resource, topic, topics.parameters))
    if channel.get("type") != "rest-hook":
        yield _problem("channel.type", f"rest-hook expected, found {channel.get('type')!r}", code="not-supported")
    if channel.get("payload", PAYLOADS[0]) not in PAYLOADS:
        yield _problem("channel.payload", f"{PAYLOADS[0]} expected, found {channel['payload']!r}", code="not-supported")
    yield from _problems_of("channel.endpoint", lambda: policy.check_url(channel.get("endpoint", "")))
    yield from _problems_of("channel._payload", lambda: _content(channel))
    yield from _problems_of("channel", lambda: _max_count(channel))
    yield from _problems_of("channel.header", lambda: _headers(channel))
    yield from _problems_of("end", lambda: _end(resource, after=now))


def _problems_of(path: str, check: Any) -> Iterator[Issue]:
    try:
        check()
    except CareloomError as error:
        yield _problem(path, str(error), code=error.code)


def _problem(path: str, text: str, code: str = "invalid") -> Issue:
    return Issue("error", code, f"Subscription.{path}: {text}", f"Subscription.{path.replace('_', '')}", "subscription")


def _filter(resource: Resource, topic: Topic, parameters: SearchParameters) -> Query | None:
    """The filters of a subscription as one search: ``Encounter?patient=Patient/1`` in the Backport's extension."""
    found: list[tuple[str, str]] = []
    for text in _extension_values(resource.get("_criteria"), FILTER, "valueString"):
        type, mark, query = text.partition("?")
        if not mark or type != topic.resource:
            raise InvalidError(f"a filter such as {topic.resource}?patient=Patient/1 expected, found {text!r}")
        found += parse_qsl(query, keep_blank_values=True)
    unknown = sorted({name.partition(":")[0] for name, _ in found} - topic.filter_by)
    if unknown:
        may = ", ".join(sorted(topic.filter_by)) or "nothing"
        raise InvalidError(f"topic {topic.url} is filtered by {may}, found {', '.join(unknown)}")
    return parse_query(topic.resource, found, parameters, strict=True) if found else None


def _content(channel: dict[str, Any]) -> Content:
    """How much to tell; id-only where the subscription does not say."""
    given = _extension_values(channel.get("_payload"), CONTENT, "valueCode") or ["id-only"]
    if given[0] == "empty":
        return "empty"
    if given[0] == "id-only":
        return "id-only"
    raise InvalidError(f"content empty or id-only expected, found {given[0]!r}: what is told is fetched with a token")


def _max_count(channel: dict[str, Any]) -> int:
    given = _extension_values(channel, MAX_COUNT, "valuePositiveInt") or [1]
    if not isinstance(given[0], int) or not 1 <= given[0] <= MOST_EVENTS:
        raise InvalidError(f"max-count from 1 to {MOST_EVENTS} expected, found {given[0]!r}")
    return given[0]


def _end(resource: Resource, after: datetime | None = None) -> datetime | None:
    if "end" not in resource:
        return None
    try:
        end = datetime.fromisoformat(resource["end"])
    except ValueError as error:
        raise InvalidError(f"an instant expected, found {resource['end']!r}") from error
    if after is not None and end <= after:
        raise InvalidError(f"an instant to come expected, found {resource['end']}")
    return end


def _headers(channel: dict[str, Any]) -> list[tuple[str, str]]:
    """``Name: value`` lines; a value may hold colons, and nothing that would start another header."""
    read = []
    for line in channel.get("header", []):
        name, mark, value = line.partition(":")
        if not mark or not name.strip().replace("-", "").isalnum() or "\r" in line or "\n" in line:
            raise InvalidError("'Name: value' on one line expected in each header")
        if name.strip().lower().startswith(("webhook-", "content-", "host", "transfer-encoding", "connection")):
            raise InvalidError(f"header {name.strip()!r} is the hub's to set")
        read.append((name.strip(), value.strip()))
    return read


def _extension_values(element: Any, url: str, key: str) -> list[Any]:
    extensions = element.get("extension", []) if isinstance(element, dict) else []
    return [extension[key] for extension in extensions if extension.get("url") == url and key in extension]


def _coded(resource: Resource, name: str, system: str) -> str:
    codings = resource.get("meta", {}).get(name, [])
    return next((coding.get("code", "") for coding in codings if coding.get("system") == system), "")


def _others(codings: list[dict[str, Any]] | None, system: str) -> list[dict[str, Any]]:
    return [coding for coding in codings or [] if coding.get("system") != system]
