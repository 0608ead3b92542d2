from dataclasses import replace
from math import inf

import pytest

from careloom.model.errors import InvalidError
from careloom.search import Query
from careloom.store.paging import COUNTED_TO, DEFAULT_COUNT, LARGEST_COUNT, Position, Sealer, count_limit, page_size

QUERY = Query("Patient")
POSITION = Position(2**62, ("Smith", None, 1.5, inf, -7, 2**61), 12)


def test_a_token_gives_the_position_back() -> None:
    sealer = Sealer(bytes(32))
    assert sealer.open(QUERY, sealer.seal(QUERY, POSITION)) == POSITION


def test_two_tokens_of_one_position_differ() -> None:
    sealer = Sealer(bytes(32))
    assert sealer.seal(QUERY, POSITION) != sealer.seal(QUERY, POSITION)


def test_a_token_is_fit_for_a_url() -> None:
    token = Sealer(bytes(32)).seal(QUERY, POSITION)
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize("total", [None, 1, 12, 123])  # tokens of every length that base64 ends differently with
def test_every_changed_character_is_noticed(total: int | None) -> None:
    sealer = Sealer(bytes(32))
    token = sealer.seal(QUERY, replace(POSITION, total=total))
    for at, digit in enumerate(token):
        for other in {"A", "B", "C", "-", "_"} - {digit}:
            with pytest.raises(InvalidError):
                sealer.open(QUERY, token[:at] + other + token[at + 1 :])


@pytest.mark.parametrize("more", ["=", "x", "!", "A"])
def test_a_token_with_more_behind_it_is_refused(more: str) -> None:
    sealer = Sealer(bytes(32))
    token = sealer.seal(QUERY, POSITION)
    for wrong in (token + more, more + token, token[:5] + more + token[5:]):
        with pytest.raises(InvalidError):
            sealer.open(QUERY, wrong)


def test_a_token_of_another_record_is_refused() -> None:
    with pytest.raises(InvalidError):
        Sealer(b"x" * 32).open(QUERY, Sealer(bytes(32)).seal(QUERY, POSITION))


def test_a_token_of_another_query_is_refused_but_the_count_may_change() -> None:
    sealer = Sealer(bytes(32))
    token = sealer.seal(QUERY, POSITION)
    assert sealer.open(replace(QUERY, count=7, page=token), token) == POSITION
    with pytest.raises(InvalidError):
        sealer.open(Query("Observation"), token)


@pytest.mark.parametrize(("asked", "given"), [(None, DEFAULT_COUNT), (0, 0), (7, 7), (10**9, LARGEST_COUNT)])
def test_a_page_has_as_many_as_asked_for_up_to_a_ceiling(asked: int | None, given: int) -> None:
    assert page_size(Query("Patient", count=asked)) == given


def test_how_far_matches_are_counted() -> None:
    assert count_limit(QUERY) == COUNTED_TO
    assert count_limit(Query("Patient", total="none")) == 0
    assert count_limit(Query("Patient", total="accurate")) is None
    assert count_limit(Query("Patient", total="none", count=0)) is None
    assert count_limit(Query("Patient", summary="count")) is None
