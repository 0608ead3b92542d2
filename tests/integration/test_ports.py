"""A port that is chosen before it is used is given to nobody else meanwhile."""

import random
import socket

import pytest

from careloom.connectathon import ports
from careloom.connectathon.ports import free_port


def test_it_is_none_that_the_system_gives_out() -> None:
    lowest = ports._lowest_given_out()
    if lowest <= 12_000:
        pytest.skip("this system gives out nearly all")
    assert all(11_000 <= free_port() < lowest for _ in range(20))


def test_one_on_which_somebody_listens_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        port, other = taken.getsockname()[1], free_port()
        chosen = iter([port, port, other])
        monkeypatch.setattr(ports, "_lowest_given_out", lambda: 32_768)
        monkeypatch.setattr(random.SystemRandom, "randrange", lambda *_: next(chosen))
        assert free_port() == other


def test_where_nearly_all_are_given_out_it_is_one_of_these(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_lowest_given_out", lambda: 1_024)
    with socket.create_server(("127.0.0.1", free_port())):
        pass
