"""What a lane has at hand of its events, and when it reads."""

from tests.unit.notify.lanes import a_log

from careloom.notify.backlog import AT_HAND, Backlog
from careloom.store import EventLog, SubscriptionEvent


async def a_backlog(events: int) -> tuple[Backlog, EventLog, list[SubscriptionEvent]]:
    log = await a_log(events)
    return Backlog("gp", log), log, await log.events("gp", 1, events)


async def test_what_was_handed_in_is_given_without_reading() -> None:
    backlog, log, events = await a_backlog(3)
    backlog.starts_with(0)
    backlog.feed(events)
    await log.prune("gp", events[0].recorded, 1)
    assert [1, 2, 3] == [each.number for each in await backlog.read(0, 3)]
    assert 3 == await backlog.newest()


async def test_a_lane_that_is_behind_reads_what_it_is_about_to_send() -> None:
    backlog, _, events = await a_backlog(5)
    backlog.feed(events[4:])
    assert [1, 2] == [each.number for each in await backlog.read(0, 2)]
    assert [4, 5] == [each.number for each in await backlog.read(3, 2)]
    assert 5 == await backlog.newest()


async def test_what_is_missing_among_what_was_handed_in_is_read() -> None:
    backlog, _, events = await a_backlog(3)
    backlog.starts_with(0)
    backlog.feed([events[0], events[2]])
    assert [1, 2, 3] == [each.number for each in await backlog.read(0, 3)]


async def test_what_was_handed_in_before_stands_in_nobodys_way() -> None:
    backlog, log, events = await a_backlog(4)
    backlog.starts_with(2)
    backlog.feed(events[:1])
    backlog.feed(events[2:])
    await log.prune("gp", events[0].recorded, 1)
    assert [3, 4] == [each.number for each in await backlog.read(2, 2)]


async def test_what_is_handed_in_again_is_given_once() -> None:
    backlog, _, events = await a_backlog(3)
    backlog.starts_with(0)
    backlog.feed(events[:2])
    backlog.feed(events[1:])
    assert [1, 2, 3] == [each.number for each in await backlog.read(0, 3)]


async def test_what_found_no_room_at_hand_is_not_skipped() -> None:
    backlog, _, events = await a_backlog(AT_HAND + 3)
    backlog.starts_with(0)
    backlog.feed(events[:-1])
    backlog.next(AT_HAND - 1, 1)
    backlog.feed(events[-1:])
    assert [AT_HAND + each for each in range(4)] == [each.number for each in await backlog.read(AT_HAND - 1, 9)]


async def test_no_more_is_kept_than_may_be_at_hand() -> None:
    backlog, _, events = await a_backlog(AT_HAND + 5)
    backlog.starts_with(0)
    backlog.feed(events)
    assert AT_HAND == len(backlog.next(0, 1000))
    assert AT_HAND + 5 == await backlog.newest()
    assert AT_HAND + 5 == len(await backlog.read(0, 1000))


async def test_doubt_is_settled_by_reading() -> None:
    backlog, _, _ = await a_backlog(2)
    backlog.starts_with(1)
    backlog.hear_of(2)
    assert 2 == await backlog.newest()
    backlog.doubt()
    backlog.hear_of(1)
    assert 2 == await backlog.newest()
