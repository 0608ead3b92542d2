"""Notifications without resources, written by filling in what differs from one event to the next.

Most notifications name their foci and hold nothing else, and of their two thousand bytes a hundred differ. So the
notification of one made-up event is written the usual way (`careloom.notify.notification`), once for each topic of a
subscription, and cut up where its values stand. There is no second description of a notification that could come to
differ from the first: `tests/unit/notify/test_stencil.py` holds the two to the same bytes.

What cannot be filled in (content of resources, an event of which nothing may be said) is written the usual way.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from careloom.model import serialize_json
from careloom.model.instants import instant
from careloom.notify.notification import Told, event_identity, event_notification
from careloom.notify.subscriptions import Subscription
from careloom.store import SubscriptionEvent

_NUMBER: Final = 7_007_007_007_007
_FOCUS: Final = "Basic/focus-8118"
_VERSION: Final = "version-9229"
_RECORDED: Final = datetime(1907, 7, 7, 7, 7, 7, 7007, UTC)
_PLAIN: Final = re.compile(r"[A-Za-z0-9\-./]+")
"""What stands in JSON as it is; foci and versions are made of nothing else."""


class Stencil:
    """Writes notifications of the events of one subscription and one topic."""

    def __init__(self, base_url: str, subscription: Subscription, topic: str) -> None:
        event = SubscriptionEvent(subscription.id, _NUMBER, 0, topic, _FOCUS, _VERSION, _RECORDED)
        bundle = event_notification(base_url, subscription, [Told(event)])
        text = serialize_json(bundle).decode()
        part = serialize_json(bundle["entry"][0]["resource"]["parameter"][-1]).decode()
        entry = serialize_json(bundle["entry"][1]).decode() if len(bundle["entry"]) > 1 else ""
        self._subscription = subscription
        before, behind = text.split(part)
        between, end = behind.rsplit(entry, 1) if entry else (behind, "")
        marks = _marks(bundle["id"])
        self._before, self._between, self._end = (_pattern(each, marks) for each in (before, between, end))
        self._part, self._entry = _pattern(part, marks), _pattern(entry, marks)
        self._of_one = self._before + self._part + self._between + self._entry + self._end

    @staticmethod
    def fits(subscription: Subscription, told: Sequence[Told]) -> bool:
        """Whether such a notification is one of these."""
        return subscription.delivering.content != "full-resource" and all(
            not one.silence and _PLAIN.fullmatch(one.event.focus) and _PLAIN.fullmatch(one.event.version_id)
            for one in told
        )

    def written(self, told: Sequence[Told]) -> tuple[str, bytes]:
        """Id and bytes of a notification; its events are of the topic, and it `fits`."""
        identity = event_identity(self._subscription, told)
        if len(told) == 1:
            return identity, (self._of_one % {**_values(told[0].event), "id": identity}).encode()
        events = [_values(one.event) for one in told]
        whole = {**events[-1], "id": identity}
        parts = ",".join([self._part % each for each in events])
        entries = ",".join([self._entry % each for each in events]) if self._entry else ""
        text = (self._before % whole, parts, self._between % whole, entries, self._end % whole)
        return identity, "".join(text).encode()


def _values(event: SubscriptionEvent) -> dict[str, str]:
    return {
        "number": str(event.number),
        "focus": event.focus,
        "version": event.version_id,
        "recorded": instant(event.recorded),
    }


def _marks(identity: str) -> Mapping[str, str]:
    """Which value each text stands for that a made-up event has."""
    return {
        identity: "id",
        str(_NUMBER): "number",
        _FOCUS: "focus",
        _VERSION: "version",
        instant(_RECORDED): "recorded",
    }


def _pattern(text: str, marks: Mapping[str, str]) -> str:
    """A format with the names of values where a made-up event has its own."""
    text = text.replace("%", "%%")
    for mark, name in marks.items():
        text = text.replace(mark, f"%({name})s")
    return text
