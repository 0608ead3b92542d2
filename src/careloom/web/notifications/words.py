"""States and times of the console in colour, shape and words."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from careloom.model.records import dataclass
from careloom.notify.console import Detail, LaneState, Overview, Standing, Try
from careloom.notify.subscriptions import WITHOUT_ENDPOINT
from careloom.store import Replay
from careloom.web.mark import Mark

_ASKED: Final = re.compile("([0-9]{0,18})-([0-9]{0,18})")
_TRACK: Final = 1000.0
_SEEN: Final = 12.0
"""Units that a part of a lane's bar takes at least."""

_STATES: Final[Mapping[str, Mark]] = {
    "active": Mark("green", "✓", "Active"),
    "requested": Mark("blue", "…", "Requested"),
    "error": Mark("red", "✗", "Error"),
    "off": Mark("grey", "○", "Off"),
}
STATE_NAMES: Final[Mapping[str, str]] = {
    "active": "active",
    "requested": "requested",
    "error": "in error",
    "off": "off",
}

_OUTCOMES: Final[Mapping[str, Mark]] = {
    "accepted": Mark("green", "✓", "Accepted"),
    "retry": Mark("yellow", "!", "Failed"),
    "rejected": Mark("red", "✗", "Refused by receiver"),
    "refused": Mark("red", "✗", "Not allowed"),
    "gone": Mark("grey", "○", "Gone"),
}
_REPLAYS: Final[Mapping[str, Mark]] = {
    "open": Mark("blue", "▶", "In progress"),
    "done": Mark("green", "✓", "Done"),
    "failed": Mark("red", "✗", "Given up"),
}


def state_mark(standing: Standing) -> Mark:
    """How a subscription stands; one that is active and fails is in trouble."""
    if standing.problem:
        return Mark("red", "✗", "Cannot be served")
    if standing.status == "active" and standing.lane.failing_since:
        return Mark("yellow", "!", "Failing")
    return _STATES.get(standing.status, Mark("grey", "?", standing.status or "Unknown"))


def outcome_mark(each: Try) -> Mark:
    """How a try ended, with the HTTP status where there was one."""
    mark = _OUTCOMES.get(each.outcome, Mark("grey", "?", each.outcome))
    return Mark(mark.colour, mark.shape, f"{each.code} {mark.text}") if each.code else mark


def adds_to(each: Try) -> bool:
    """Whether the detail of a try says more than its status does."""
    return not each.is_accepted and each.detail not in ("", f"HTTP {each.code}")


def replay_mark(replay: Replay) -> Mark:
    """How far a replay is."""
    return _REPLAYS[replay.status]


def telling_mark(overview: Overview) -> Mark:
    """Whether this process notifies, and whether all is well with it."""
    if not overview.is_notifying:
        return Mark("grey", "○", "Another process notifies")
    if overview.totals.error:
        return Mark("red", "✗", f"{overview.totals.error} in error")
    if overview.last_minute and overview.last_minute.failed:
        return Mark("yellow", "!", "Some tries fail")
    return Mark("green", "✓", "Telling")


def range_of(first: int, last: int) -> str:
    """Numbers of events; what has none is a handshake or a heartbeat."""
    if not first:
        return "none"
    return f"{first:,}" if first == last else f"{first:,} to {last:,}"


def asked_of(text: str) -> str:
    """What was asked to be told again, from ``first-last``, either of which may be missing; empty for anything else."""
    found = _ASKED.fullmatch(text)
    if not found:
        return ""
    first, last = found.groups()
    if first == last:
        return f"event {first}" if first else "all events"
    return f"events {first or 'from the oldest'} to {last or 'the newest'}"


def seconds_of(seconds: float | None) -> str:
    """A span of time in the unit that suits it, to two figures or so."""
    if seconds is None:
        return "—"
    if seconds < 0.9995:
        milliseconds = seconds * 1000
        return f"{milliseconds:.1f} ms" if milliseconds < 9.95 and milliseconds % 1 else f"{milliseconds:.0f} ms"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}".replace(".0 ", " ")
    return f"{seconds:.1f} s".replace(".0 ", " ")


def clock_of(moment: datetime | None, now: datetime) -> str:
    """When something was or will be, in UTC: the time, and the date where it is another day."""
    if moment is None:
        return "—"
    moment = moment.astimezone(UTC)
    form = "%H:%M:%S" if moment.date() == now.astimezone(UTC).date() else "%d %b %Y, %H:%M:%S"
    return f"{moment:{form}}"


def until_of(moment: datetime | None, now: datetime) -> str:
    """How long it is until a moment; empty where it has come."""
    if moment is None or moment <= now:
        return ""
    return f"in {seconds_of(round((moment - now).total_seconds()) or 1.0)}"


def why_no_replay(detail: Detail) -> str:
    """Why nothing can be told once more now; empty where it can."""
    standing = detail.standing
    if standing.channel in WITHOUT_ENDPOINT:
        return "Its client opens the line again instead, with the number of the last event that it has."
    if not detail.may_replay:
        return "Your agreement lets you look at this subscription, and not have its events told again."
    if standing.problem or standing.status != "active":
        return "Events are told again while a subscription is active."
    if not standing.lane.last_number:
        return "There are no events yet."
    return ""


def moment_of(seconds: float) -> str:
    """The time of day, in UTC, of seconds since 1970."""
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S}"


@dataclass(frozen=True, slots=True)
class Track:
    """A lane as a bar of a thousand units.

    Attributes:
        spoken: What it shows, as a sentence.
    """

    delivered: float
    inflight: float
    waiting: float
    spoken: str


def track_of(lane: LaneState) -> Track:
    """How the bar of a lane is parted; what there is at all is wide enough to be seen."""
    sent = max(0, lane.inflight_to - lane.inflight_from + 1) if lane.inflight_from else 0
    counts = (lane.delivered_to, sent, max(0, lane.waiting - sent))
    spoken = f"{counts[0]:,} events delivered, {counts[1]:,} being sent, {counts[2]:,} waiting behind them"
    if not sum(counts):
        return Track(0.0, 0.0, 0.0, "no events yet")
    widths = [max(_SEEN, _TRACK * count / sum(counts)) if count else 0.0 for count in counts]
    whole = sum(widths)
    delivered, inflight, waiting = (round(_TRACK * width / whole, 1) for width in widths)
    return Track(delivered, inflight, waiting, spoken)
