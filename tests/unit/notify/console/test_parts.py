"""Records become Parameters and are the same again."""

from datetime import UTC, datetime

import pytest

from careloom.model import parse_json, serialize_json
from careloom.model.errors import MalformedError
from careloom.notify.console import Detail, LaneState, Overview, PutAside, Standing, Totals, Try, from_parts, to_parts
from careloom.notify.recent import Point
from careloom.store import Replay

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STANDING = Standing(
    id="1",
    status="active",
    filters=("Encounter?patient=Patient/1", "Encounter?patient=Patient/2"),
    is_own=True,
    heartbeat=60,
    end=NOW,
    lane=LaneState(last_number=2**40, waiting=3, next_at=NOW, error="HTTP 503"),
)
TRY = Try(1, 2, 1, NOW, 7, "accepted", 200, since_commit=0.012)
DETAIL = Detail(
    STANDING,
    may_replay=True,
    oldest=1,
    tries=(TRY, Try(0, 0, 1, NOW, 7, "retry", 0, "no answer")),
    dead_letters=(PutAside("1", 7, "HTTP 422", NOW), PutAside("1", 3, "no", NOW, "r", NOW, "https://b.example")),
    replays=(Replay("r", "1", 1, 2, "", "gp-system", NOW, 0, "failed", "given up"),),
)
OVERVIEW = Overview(Totals(active=2), True, True, False, Point(1.0, 60.0, 5, 6, 1, 0.25, 0.5), None, (STANDING,), "abc")


@pytest.mark.parametrize("record", [DETAIL, OVERVIEW, Overview(Totals())], ids=["detail", "overview", "nothing"])
def test_what_is_written_is_read_as_it_was(record: Detail | Overview) -> None:
    sent = serialize_json({"resourceType": "Parameters", "parameter": to_parts(record)})
    assert record == from_parts(type(record), parse_json(sent)["parameter"])


def test_every_part_has_a_value_or_parts() -> None:
    def check(parts: list[dict[str, object]]) -> None:
        for part in parts:
            [other] = set(part) - {"name"}
            assert other == "part" or other.startswith("value"), part
            check(part.get("part", []))  # type: ignore[arg-type]

    check(to_parts(DETAIL))


@pytest.mark.parametrize(
    "parts",
    [[], [{"name": "standing", "part": [{"name": "lane", "part": [{"name": "waiting", "valueString": "many"}]}]}]],
    ids=["nothing", "no number"],
)
def test_what_is_no_such_record_is_refused(parts: list[dict[str, object]]) -> None:
    with pytest.raises(MalformedError):
        from_parts(Detail, parts)
