"""What the commands print: tables for people, records as JSON for programs."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from careloom.model import serialize_json
from careloom.model.instants import instant
from careloom.notify.console import Detail, Overview, PutAside, Standing, Try
from careloom.notify.recent import Point
from careloom.store import Replay

NOTHING = "-"


def as_json(record: Any) -> None:
    """A record, or several, as JSON; instants as FHIR has them."""
    text = serialize_json(_plain(record), pretty=True).decode()
    sys.stdout.write(f"{text}\n")


def subscriptions(found: Overview) -> None:
    """A line for each subscription."""
    rows = (
        (each.id, each.status, each.title or each.topic, each.owner, each.channel, each.endpoint or NOTHING)
        for each in found.standings
    )
    table(("ID", "STATUS", "TOPIC", "OWNER", "CHANNEL", "ENDPOINT"), rows)
    _more(found)


def lanes(standings: Iterable[Standing]) -> None:
    """A line for each lane."""
    table(
        ("ID", "STATUS", "NEWEST", "DELIVERED", "WAITING", "PUT ASIDE", "TRIES", "NEXT TRY", "ERROR"),
        (
            (
                each.id,
                each.status,
                each.lane.last_number,
                each.lane.delivered_to,
                each.lane.waiting,
                each.lane.put_aside,
                each.lane.attempt,
                moment(each.lane.next_at),
                each.lane.error or each.problem or NOTHING,
            )
            for each in standings
        ),
    )


def dead_letters(letters: Iterable[PutAside]) -> None:
    """A line for each event that was put aside; what was told since says by which replay, asked for when, to where."""
    rows = ((each.subscription, each.number, moment(each.recorded), told_again(each), each.reason) for each in letters)
    table(("SUBSCRIPTION", "EVENT", "PUT ASIDE AT", "TOLD AGAIN", "REASON"), rows)


def told_again(letter: PutAside) -> str:
    """By what an event was told that had been put aside."""
    if letter.is_open:
        return NOTHING
    return " ".join(
        filter(None, ("by", letter.replay, moment(letter.replayed), "to", letter.endpoint or "its endpoint"))
    )


def one(found: Detail) -> None:
    """A subscription with its lane, the latest tries, dead letters and replays."""
    for name, value in facts(found.standing):
        if value:
            print(f"{name:<14} {value}")
    print()
    tries(found.tries)
    if found.dead_letters:
        print()
        dead_letters(found.dead_letters)
    if found.replays:
        print()
        replays(found.replays)


def facts(standing: Standing) -> tuple[tuple[str, str], ...]:
    """What there is to say of a subscription and its lane, each with a name; empty where there is nothing."""
    lane = standing.lane
    return (
        ("subscription", standing.id),
        ("status", standing.status),
        ("problem", standing.problem),
        ("topic", standing.topic),
        ("owner", f"{standing.owner} ({standing.owner_name})" if standing.owner_name else standing.owner),
        ("purpose", standing.purpose),
        ("channel", f"{standing.channel} {standing.endpoint}".rstrip()),
        ("content", f"{standing.content}, {standing.max_count} at a time, in order by {standing.order}"),
        *(("filter", filter) for filter in standing.filters),
        ("events", f"delivered to {lane.delivered_to} of {lane.last_number}, {lane.waiting} waiting"),
        ("being sent", f"{lane.inflight_from} to {lane.inflight_to}" if lane.inflight_from else ""),
        ("failing since", moment(lane.failing_since) if lane.failing_since else ""),
        ("next try", moment(lane.next_at) if lane.next_at else ""),
        ("error", lane.error),
    )


def tries(found: Iterable[Try]) -> None:
    """The latest tries of a lane."""
    table(
        ("AT", "EVENTS", "TRY", "OUTCOME", "STATUS", "TOOK", "SINCE COMMIT", "DETAIL"),
        (
            (
                moment(each.started),
                numbers(each.first, each.last),
                each.attempt,
                each.outcome,
                each.code or NOTHING,
                f"{each.milliseconds} ms",
                seconds(each.since_commit),
                each.detail or NOTHING,
            )
            for each in found
        ),
    )


def replays(found: Iterable[Replay]) -> None:
    """The replays of a subscription."""
    rows = (
        (each.id, numbers(each.first, each.last), each.status, each.requested_by, each.endpoint or NOTHING)
        for each in found
    )
    table(("REPLAY", "EVENTS", "STATUS", "ASKED BY", "ENDPOINT"), rows)


def status(found: Overview) -> None:
    """How telling is at present."""
    totals = found.totals
    print(f"subscriptions  {totals.all}: {totals.active} active, {totals.requested} requested, ", end="")
    print(f"{totals.error} in error, {totals.off} off")
    if found.last_minute is None or found.ten_minutes is None:
        print("figures        only for who oversees")
        return
    if found.is_shared or not found.is_notifying:
        print("figures        of the process that answered; /metrics has those of all")
    for name, point in (("last minute", found.last_minute), ("ten minutes", found.ten_minutes)):
        print(f"{name:<14} {_figures(point)}")


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns as wide as they must be; the last one as it is."""
    lines = [heads, *([str(each) for each in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    for line in lines:
        cells = (f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())


def moment(at: datetime | None) -> str:
    """An instant for people, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}" if at else NOTHING


def numbers(first: int, last: int) -> str:
    """Numbers of events."""
    return NOTHING if not first else str(first) if first == last else f"{first}-{last}"


def seconds(span: float | None) -> str:
    """A span of time."""
    return NOTHING if span is None else f"{span * 1000:.0f} ms" if span < 1 else f"{span:.1f} s"


def _figures(point: Point) -> str:
    rate = f"{point.told} events ({point.rate:.1f}/s), {point.tries} tries, {point.failed} failed"
    return f"{rate}; commit to acceptance p50 {seconds(point.p50)}, p99 {seconds(point.p99)}"


def _more(found: Overview) -> None:
    if found.next:
        print(f"\nmore: --page {found.next}")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return _plain(asdict(value)) if hasattr(value, "__dataclass_fields__") else value
