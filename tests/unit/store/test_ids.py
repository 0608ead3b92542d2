from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from careloom.store.ids import Sequence, first_sequence, microseconds, moment_of, new_id, recorded_at

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


def test_a_new_id_is_a_uuid_of_version_7() -> None:
    from uuid import UUID

    made = UUID(new_id())
    assert (made.version, made.variant) == (7, "specified in RFC 4122")


def test_new_ids_are_distinct_and_begin_with_their_time() -> None:
    made = [new_id() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert [id[:10] for id in made] == sorted(id[:10] for id in made)


def test_threads_do_not_get_the_same_id() -> None:
    with ThreadPoolExecutor(4) as threads:
        made = [id for ids in threads.map(lambda _: [new_id() for _ in range(2_000)], range(4)) for id in ids]
    assert len(set(made)) == len(made)


def test_a_sequence_tells_its_instant() -> None:
    sequence = Sequence(lambda: NOON, 0)
    sequence.begin()
    assert recorded_at(sequence.next()) == NOON


def test_numbers_grow_when_the_clock_stands_still_or_steps_back() -> None:
    now = [NOON]
    sequence = Sequence(lambda: now[0], 0)
    numbers = []
    for step in (0, 0, -3600, 1, 0):
        now[0] += timedelta(seconds=step)
        sequence.begin()
        numbers += [sequence.next() for _ in range(3)]
    assert all(before < after for before, after in pairwise(numbers))


def test_more_than_the_counter_holds_runs_into_the_next_microsecond() -> None:
    sequence = Sequence(lambda: NOON, 0)
    sequence.begin()
    numbers = [sequence.next() for _ in range(1025)]
    assert {recorded_at(number) for number in numbers[:1024]} == {NOON}
    assert recorded_at(numbers[1024]) == NOON + timedelta(microseconds=1)


def test_a_sequence_goes_on_behind_the_last_of_the_file() -> None:
    last = first_sequence(NOON + timedelta(days=1))
    sequence = Sequence(lambda: NOON, last)
    sequence.begin()
    assert sequence.next() == last + 1


def test_instants_survive_as_microseconds() -> None:
    for moment in (NOON, datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)):
        assert moment_of(microseconds(moment)) == moment


def test_sequences_fit_in_63_bits_until_2255() -> None:
    assert first_sequence(datetime(2255, 1, 1, tzinfo=UTC)) < 2**63
