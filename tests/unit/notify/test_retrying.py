"""When to try again: pauses that double, full jitter, what the receiver asks for, and an end after three days."""

from datetime import timedelta

import pytest

from careloom.notify import RetryPolicy


@pytest.mark.parametrize(("attempt", "bound"), [(1, 1), (2, 2), (3, 4), (7, 64), (12, 2048), (13, 3600), (10**6, 3600)])
def test_the_bound_of_a_pause_doubles_up_to_an_hour(attempt: int, bound: float) -> None:
    policy = RetryPolicy()
    assert bound == policy.pause(attempt, None, lambda: 1.0)
    assert 0 == policy.pause(attempt, None, lambda: 0.0)
    assert bound / 4 == policy.pause(attempt, None, lambda: 0.25)


@pytest.mark.parametrize(
    ("retry_after", "random", "pause"), [(30.0, 0.0, 30.0), (0.0, 0.5, 2.0), (1.0, 1.0, 4.0), (86_400.0, 0.0, 3600.0)]
)
def test_nobody_is_asked_again_before_it_wants_to_be_up_to_an_hour(
    retry_after: float, random: float, pause: float
) -> None:
    assert pause == RetryPolicy().pause(3, retry_after, lambda: random)


def test_who_fails_for_three_days_has_used_up_its_tries() -> None:
    assert timedelta(hours=72) == RetryPolicy().budget
