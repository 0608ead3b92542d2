"""R4 Subscriptions after the R5 Backport guide: read, checked, and written back with their state.

A client writes criteria (the topic), filters, channel and content; status and error are the hub's to write. The client
and the purpose it asked for are stamped on the resource (``meta.tag``, ``meta.security``), since every delivery is
decided anew for them.

Source: Subscriptions R5 Backport 1.1, https://hl7.org/fhir/uv/subscriptions-backport.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from careloom.governance.purposes import ACT_REASON
from careloom.model import Issue, Resource
from careloom.model.errors import CareloomError, InvalidError
from careloom.model.records import dataclass, field
from careloom.notify.clothes import UNNAMED, in_terms_of_topics
from careloom.notify.endpoints import EndpointPolicy
from careloom.notify.extensions import (
    CHANNEL_TYPE,
    CROSS_VERSION,
    FILTER,
    Delivering,
    extension_values,
    read_content,
    read_delivering,
)
from careloom.notify.filters import read_filters
from careloom.notify.topics import Topic, TopicRegistry
from careloom.search import Query

FOLLOWED: Final = frozenset({"Subscription"})
"""Types whose changes tell who is to be told."""

OWNER_SYSTEM: Final = "https://careloom.example/subscription-owner"

Status = Literal["requested", "active", "error", "off"]
PAYLOADS: Final = ("application/fhir+json", "application/json")
WEBSOCKET: Final = "websocket"
EVENT_STREAM: Final = "server-sent-events"
WITHOUT_ENDPOINT: Final = frozenset({WEBSOCKET, EVENT_STREAM})
"""Kinds of channel whose clients call instead of being called."""

CHANNELS: Final = frozenset({"rest-hook", *WITHOUT_ENDPOINT})
"""Kinds of channel that the hub has by itself."""


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """What is asked of a subscription by its kind of channel, where that is not what is usual.

    Attributes:
        check: Judges an endpoint for a client, and raises InvalidError or ForbiddenError; None where an endpoint is an
            address that the policy of endpoints judges.
        payloads: Media types of notifications.
        singly: Those of them in which each event is something of its own.
        has_heartbeats: Whether there are heartbeats by this kind of channel.
    """

    check: Callable[[str, str], None] | None = None
    payloads: Collection[str] = PAYLOADS
    singly: Collection[str] = ()
    has_heartbeats: bool = True


_LONGEST_HEADER: Final = 8192
_OWN_HEADERS: Final = frozenset({"host", "transfer-encoding", "connection", "expect", "upgrade", "te", "trailer"})


@dataclass(frozen=True, slots=True)
class Subscription:
    """What the hub needs of a Subscription.

    Attributes:
        id: Logical id.
        topic: Canonical URL.
        filters: What a focus must match besides, by type; without any, everything the topic tells of.
        endpoint: Where to send.
        headers: To send along, by name.
        status: As the resource says.
        end: When it ends of itself, timezone-aware.
        owner: Client that made it.
        purpose: Purpose of use it was made for.
        channel: Kind of channel: ``rest-hook``, ``websocket`` or another that the hub was given.
        payload: Media type of notifications.
        delivering: How it wants to be told.
    """

    id: str
    topic: str
    filters: tuple[Query, ...]
    endpoint: str
    headers: tuple[tuple[str, str], ...]
    status: Status
    end: datetime | None
    owner: str
    purpose: str
    channel: str = "rest-hook"
    payload: str = PAYLOADS[0]
    delivering: Delivering = field(default_factory=Delivering)


def read_subscription(resource: Resource, topics: TopicRegistry) -> Subscription:
    """The subscription in a resource that was checked before it was recorded.

    Raises:
        InvalidError: It does not fit the topics any more, or was never checked.
    """
    resource = _meant(resource, topics)
    channel = resource.get("channel", {})
    topic = topics.find(resource.get("criteria", ""))
    if topic is None:
        raise InvalidError(f"Subscription.criteria: no topic {resource.get('criteria')!r} here")
    return Subscription(
        id=resource.get("id", ""),
        topic=topic.url,
        filters=_filters(resource, topic, topics),
        endpoint=channel.get("endpoint", ""),
        headers=tuple(_headers(channel)),
        status=resource.get("status", "off"),
        end=_end(resource),
        owner=owner_of(resource),
        purpose=_coded(resource, "security", ACT_REASON),
        channel=channel_kind(channel),
        payload=channel.get("payload", PAYLOADS[0]),
        delivering=read_delivering(channel),
    )


def outline(resource: Resource) -> Subscription:
    """What can be said of a subscription that cannot be served, since its topic is not in force any more."""
    return Subscription(
        id=resource.get("id", ""),
        topic=resource.get("criteria", ""),
        filters=(),
        endpoint="",
        headers=(),
        status=resource.get("status", "off"),
        end=None,
        owner=owner_of(resource),
        purpose=_coded(resource, "security", ACT_REASON),
        channel=channel_kind(resource.get("channel", {})),
    )


def accept_subscription(
    resource: Resource,
    *,
    client: str,
    purpose: str,
    topics: TopicRegistry,
    policy: EndpointPolicy,
    now: datetime,
    channels: Collection[str] = CHANNELS,
    rules: Mapping[str, ChannelRules] = MappingProxyType({}),
) -> Resource:
    """What to record of a Subscription that a client asks for: ``requested``, and stamped with client and purpose.

    The resource is a valid R4 Subscription; what is judged here is whether this hub can serve it.

    Raises:
        InvalidError: With an issue for each thing that the hub does not do or know.
    """
    meant = _meant(resource, topics)
    rule = rules.get(channel_kind(meant.get("channel", {})), ChannelRules())
    problems = (
        *_unserved(resource, meant, channels),
        *_problems(meant, topics, now, rule),
        *_misplaced(meant, client, policy, rule, channels),
    )
    if problems:
        raise InvalidError(problems[0].diagnostics, issues=problems)
    meta = dict(resource.get("meta", {}))
    meta["tag"] = [*_others(meta.get("tag"), OWNER_SYSTEM), {"system": OWNER_SYSTEM, "code": client}]
    meta["security"] = [*_others(meta.get("security"), ACT_REASON), {"system": ACT_REASON, "code": purpose}]
    status = "off" if resource.get("status") == "off" else "requested"
    accepted = resource | {"meta": meta, "status": status}
    accepted.pop("error", None)
    return accepted


def owner_of(resource: Resource) -> str:
    """Id of the client that made a Subscription."""
    return _coded(resource, "tag", OWNER_SYSTEM)


def channel_kind(channel: Mapping[str, Any]) -> str:
    """The kind of a channel: that of the guide's extension where there is one, else the R4 code."""
    custom = extension_values(channel.get("_type"), CHANNEL_TYPE, "valueCoding")
    return str(custom[0].get("code", "")) if custom else str(channel.get("type", ""))


def with_status(resource: Resource, status: Status, error: str = "") -> Resource:
    """The same Subscription in another state."""
    changed = resource | {"status": status}
    changed.pop("error", None)
    return changed | {"error": error} if error else changed


def _meant(resource: Resource, topics: TopicRegistry) -> Resource:
    """The same subscription in terms of topics.

    Raises:
        InvalidError: Its criteria are of a known grammar, and nothing that can be told.
    """
    try:
        return in_terms_of_topics(resource, topics)
    except InvalidError as error:
        problem = _problem("criteria", str(error))
        raise InvalidError(problem.diagnostics, issues=(problem,)) from error


def _unserved(resource: Resource, meant: Resource, channels: Collection[str]) -> Iterator[Issue]:
    """What is wrong with the kind of channel: it is not there, or named although nobody can name it.

    Args:
        resource: As the client wrote it.
        meant: The same in terms of topics.
        channels: Kinds that there are.
    """
    named, kind = (channel_kind(each.get("channel", {})) for each in (resource, meant))
    if named in UNNAMED or (kind not in channels and kind not in UNNAMED):
        may = " or ".join(sorted(set(channels) - UNNAMED.keys()))
        yield _problem("channel.type", f"{may} expected, found {named!r}", code="not-supported")
    elif kind not in channels:
        yield _problem("channel.type", f"this hub does not take {UNNAMED[kind]}", code="not-supported")


def _misplaced(
    resource: Resource, client: str, policy: EndpointPolicy, rule: ChannelRules, channels: Collection[str]
) -> Iterator[Issue]:
    """What is wrong with the endpoint; nobody can say so of one by a kind of channel that is not here."""
    channel = resource.get("channel", {})
    kind = channel_kind(channel)
    if kind in WITHOUT_ENDPOINT or (kind in UNNAMED and kind not in channels):
        return
    endpoint = channel.get("endpoint", "")
    check = rule.check or (lambda endpoint, client: policy.check_url(endpoint))
    yield from _problems_of("channel.endpoint", lambda: check(endpoint, client))


def _problems(resource: Resource, topics: TopicRegistry, now: datetime, rule: ChannelRules) -> Iterator[Issue]:
    channel = resource.get("channel", {})
    topic = topics.find(resource.get("criteria", ""))
    if topic is None:
        known = ", ".join(sorted(known.url for known in topics))
        yield _problem("criteria", f"the URL of a topic expected ({known}), found {resource.get('criteria')!r}")
    else:
        yield from _problems_of("_criteria", lambda: _filters(resource, topic, topics))
        yield from _problems_of("channel._payload", lambda: _check_content(channel, topic))
    if channel.get("payload", PAYLOADS[0]) not in rule.payloads:
        may = " or ".join(rule.payloads)
        yield _problem("channel.payload", f"{may} expected, found {channel['payload']!r}", code="not-supported")
    yield from _problems_of("channel", lambda: _check_delivering(channel, rule))
    yield from _problems_of("channel.header", lambda: _headers(channel))
    yield from _problems_of("end", lambda: _end(resource, after=now))
    yield from _problems_of("extension", lambda: _check_extensions(resource))


def _problems_of(path: str, check: Any) -> Iterator[Issue]:
    try:
        check()
    except CareloomError as error:
        yield _problem(path, str(error), code=error.code)


def _problem(path: str, text: str, code: str = "invalid") -> Issue:
    return Issue("error", code, f"Subscription.{path}: {text}", f"Subscription.{path.replace('_', '')}", "subscription")


def _filters(resource: Resource, topic: Topic, topics: TopicRegistry) -> tuple[Query, ...]:
    texts = extension_values(resource.get("_criteria"), FILTER, "valueString")
    return read_filters(texts, topic, topics.parameters)


def _check_content(channel: Mapping[str, Any], topic: Topic) -> None:
    content = read_content(channel)
    if not topic.allows(content):
        raise InvalidError(f"topic {topic.url} is told with content {topic.content} at most, found {content}")
    if content == "full-resource" and not _is_confidential(channel):
        raise InvalidError("content full-resource: an https endpoint expected, since it holds patient data")


def _check_delivering(channel: Mapping[str, Any], rule: ChannelRules) -> None:
    delivering = read_delivering({**channel, "_payload": None})
    if delivering.max_count > 1 and channel.get("payload", PAYLOADS[0]) in rule.singly:
        raise InvalidError("max-count 1 expected where each event is a signal of its own")
    if delivering.heartbeat is not None and not rule.has_heartbeats:
        raise InvalidError("no heartbeat-period expected, since there are no heartbeats by this channel")


def _is_confidential(channel: Mapping[str, Any]) -> bool:
    """Whether nobody can read along: encrypted, or not leaving the machine."""
    parts = urlsplit(channel.get("endpoint", ""))
    if channel_kind(channel) in WITHOUT_ENDPOINT or parts.scheme != "http":
        return True
    try:
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _check_extensions(resource: Resource) -> None:
    channel = resource.get("channel", {})
    places = (resource, channel, *(channel.get(f"_{name}") for name in ("type", "payload", "endpoint")))
    for place in (*places, resource.get("_criteria")):
        for extension in place.get("extension", []) if isinstance(place, dict) else []:
            if str(extension.get("url", "")).startswith(CROSS_VERSION):
                raise InvalidError(f"the guide's own extension expected, found {extension['url']!r}")


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


def _headers(channel: Mapping[str, Any]) -> list[tuple[str, str]]:
    """``Name: value`` lines; a value may hold colons, and nothing that would start another header."""
    read = []
    for line in channel.get("header", []):
        name, mark, value = line.partition(":")
        if not mark or not _is_token(name.strip()) or not _is_plain(value) or len(line) > _LONGEST_HEADER:
            raise InvalidError("'Name: value' on one line expected in each header")
        if name.strip().lower() in _OWN_HEADERS or name.strip().lower().startswith(("webhook-", "content-")):
            raise InvalidError(f"header {name.strip()!r} is the hub's to set")
        read.append((name.strip(), value.strip()))
    return read


def _is_token(name: str) -> bool:
    return name.isascii() and name.replace("-", "").replace("_", "").isalnum()


def _is_plain(value: str) -> bool:
    return all(char == "\t" or (char.isprintable() and ord(char) < 0x100) for char in value)


def _coded(resource: Resource, name: str, system: str) -> str:
    codings = resource.get("meta", {}).get(name, [])
    return next((coding.get("code", "") for coding in codings if coding.get("system") == system), "")


def _others(codings: list[dict[str, Any]] | None, system: str) -> list[dict[str, Any]]:
    return [coding for coding in codings or [] if coding.get("system") != system]
