"""What happened in the last ten minutes, as the notifier noted it."""

import random

import pytest

from careloom.notify.recent import BOUNDS, SLOT_SECONDS, SLOTS, Recent

NOW = 1_800_000_000.0


def test_quantiles_are_right_to_a_fifth() -> None:
    recent, chance = Recent(), random.Random(7)
    latencies = sorted(chance.lognormvariate(-5, 1) for _ in range(5000))
    recent.told(NOW, latencies)
    seen = recent.summary(NOW + SLOT_SECONDS)
    assert 5000 == seen.told
    assert seen.p50 == pytest.approx(latencies[2500], rel=0.2)
    assert seen.p99 == pytest.approx(latencies[4950], rel=0.2)


def test_a_slot_holds_what_was_told_in_it_and_failed_tries_apart() -> None:
    recent = Recent()
    recent.told(NOW, [0.01, 0.01])
    recent.tried(NOW + 1, accepted=True)
    recent.tried(NOW + SLOT_SECONDS, accepted=False)
    first, second = recent.points(NOW + 2 * SLOT_SECONDS)[-2:]
    assert (2, 1, 0, 0.4) == (first.told, first.tries, first.failed, first.rate)
    assert (0, 1, 1, None) == (second.told, second.tries, second.failed, second.p50)
    assert NOW == first.start


def test_what_is_older_than_the_ring_is_forgotten_and_the_slot_that_is_not_over_is_not_told() -> None:
    recent = Recent()
    recent.told(NOW, [0.01])
    assert 0 == sum(point.told for point in recent.points(NOW + 1))
    assert 1 == sum(point.told for point in recent.points(NOW + SLOT_SECONDS))
    assert 0 == sum(point.told for point in recent.points(NOW + SLOT_SECONDS * SLOTS))


def test_a_slot_whose_turn_comes_round_again_begins_at_nothing() -> None:
    recent = Recent()
    recent.told(NOW, [0.01])
    recent.told(NOW + SLOT_SECONDS * SLOTS, [0.02])
    assert [1] == [point.told for point in recent.points(NOW + SLOT_SECONDS * (SLOTS + 1)) if point.told]


def test_a_latency_beyond_every_bound_counts_as_the_last() -> None:
    recent = Recent()
    recent.told(NOW, [10**9])
    assert BOUNDS[-1] == recent.summary(NOW + SLOT_SECONDS).p99
