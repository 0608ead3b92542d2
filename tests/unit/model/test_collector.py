import gc
from collections.abc import Iterator

import pytest

from careloom.model.collector import paused


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_the_collector_rests_while_it_is_paused_and_works_again_after() -> None:
    with paused():
        assert not gc.isenabled()

    assert gc.isenabled()


def test_pauses_add_up() -> None:
    with paused():
        with paused():
            assert not gc.isenabled()
        assert not gc.isenabled()

    assert gc.isenabled()


def test_a_pause_ends_with_an_error() -> None:
    with pytest.raises(ValueError, match="x"), paused():
        raise ValueError("x")

    assert gc.isenabled()


def test_a_collector_that_its_owner_has_turned_off_stays_off() -> None:
    gc.disable()
    with paused():
        pass

    assert not gc.isenabled()


def test_a_small_document_is_no_reason_to_pause() -> None:
    with paused(when=False):
        assert gc.isenabled()
