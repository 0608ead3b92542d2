"""CloudEvents as MNS takes them: structured or in a batch, in JSON, or binary in headers.

``data`` is refused, for the content of a signal is fetched from its ``dataref``. ``filtering`` is MNS's own, an object
that no header can carry. What else a sender says is kept as it came, see `careloom.notify.signals.attributes`, and
what is ``null`` is as good as missing, as the JSON format has it.
Source: CloudEvents 1.0.2, JSON format and HTTP protocol binding; NHS England, MNS.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from careloom.model import Resource, parse_json, serialize_json
from careloom.model.errors import InvalidError, NotSupportedError, TooCostlyError
from careloom.notify.signals.attributes import read_attributes
from careloom.notify.signals.filtering import read_filtering, written_filtering
from careloom.notify.signals.signal import Signal

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
MOST = 1_000
"""Signals of a batch."""

_ATTRIBUTES = {
    "id": "id",
    "source": "source",
    "type": "type",
    "time": "time",
    "dataref": "dataref",
    "subject": "subject",
    "versionid": "version_id",
}
_FILTERING = "filtering"
_SPECVERSION = "specversion"
_DATA = ("data", "data_base64")
_PREFIX = "ce-"


def read_cloud_events(headers: Mapping[str, str], body: bytes) -> list[Signal]:
    """The signals of one request.

    Args:
        headers: With names in lower case.
        body: As it came.

    Raises:
        NotSupportedError: Another media type.
        MalformedError: No JSON.
        InvalidError: One of them is no good; the message says which, and none of the batch counts.
        TooCostlyError: More of them than `MOST`.
    """
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if f"{_PREFIX}specversion" in headers:
        return [_binary(headers, body)]
    if media == STRUCTURED:
        return [_signal(parse_json(body), "event")]
    if media == BATCH:
        return _batch(parse_json(body))
    raise NotSupportedError(f"Content-Type: {STRUCTURED} or {BATCH} expected, {media or 'none'} found")


def is_cloud_event(body: bytes) -> bool:
    """Whether JSON that does not say so is a structured CloudEvent, good or not.

    Raises:
        MalformedError: No JSON.
    """
    event = parse_json(body)
    return isinstance(event, dict) and "specversion" in event and "resourceType" not in event


def written_cloud_event(signal: Signal) -> Resource:
    """The signal as a structured CloudEvent, with what its sender said besides."""
    told = {name: getattr(signal, attribute) for name, attribute in _ATTRIBUTES.items()}
    told[_FILTERING] = written_filtering(signal.filtering)
    return {_SPECVERSION: "1.0", **{name: value for name, value in told.items() if value}, **dict(signal.attributes)}


def _batch(events: Any) -> list[Signal]:
    if not isinstance(events, list):
        raise InvalidError("a list of events expected, something else found")
    if len(events) > MOST:
        raise TooCostlyError(f"at most {MOST} events expected, {len(events)} found")
    return [_signal(event, f"event {place}") for place, event in enumerate(events, 1)]


def _binary(headers: Mapping[str, str], body: bytes) -> Signal:
    if body.strip():
        raise InvalidError("a signal without data expected, a body found: what it is about is fetched from its dataref")
    event = {name.removeprefix(_PREFIX): _meant(value) for name, value in headers.items() if name.startswith(_PREFIX)}
    return _signal(event, "event")


def _meant(value: str) -> str:
    """The text of a header, in which what is no printable ASCII is written in percents, and the percent itself."""
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidError(f"a header in UTF-8 by percents expected, {value[:50]!r} found") from error


def _signal(event: Any, where: str) -> Signal:
    if not isinstance(event, dict):
        raise InvalidError(f"{where}: an object expected, something else found")
    try:
        return _told({name: value for name, value in event.items() if value is not None})
    except InvalidError as error:
        raise InvalidError(f"{where}: {error}") from error


def _told(event: dict[str, Any]) -> Signal:
    """The signal of an event without what is null."""
    version = event.pop(_SPECVERSION, None)
    if version != "1.0":
        raise InvalidError(f"{_SPECVERSION}: '1.0' expected, {version!r} found")
    for name in _DATA:
        if name in event:
            raise InvalidError(f"a signal without data expected, {name!r} found: it is fetched from the dataref")
    texts = {attribute: _text(name, event.pop(name, "")) for name, attribute in _ATTRIBUTES.items()}
    filtering = read_filtering(event.pop(_FILTERING, {}))
    return Signal(**texts, filtering=filtering, attributes=read_attributes(event))


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidError(f"{name}: a text expected, {serialize_json(value).decode()[:50]} found")
    return value
