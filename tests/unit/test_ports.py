"""The ports that tests choose beforehand are given to nobody else meanwhile."""

import socket

import pytest
from tests import ports
from tests.ports import free_port


def test_a_port_is_none_that_the_system_gives_out() -> None:
    lowest = ports._lowest_given_out()
    if lowest <= 11_000:
        pytest.skip("this system gives out nearly all")
    assert all(10_000 <= free_port() < lowest for _ in range(20))


def test_a_port_can_be_listened_on_and_is_then_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        port, other = taken.getsockname()[1], free_port()
        chosen = iter([port, port, other])
        monkeypatch.setattr(ports, "_lowest_given_out", lambda: 32_768)
        monkeypatch.setattr(ports._CHANCE, "randrange", lambda *_: next(chosen))
        assert free_port() == other


def test_where_nearly_all_are_given_out_it_is_one_of_these(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_lowest_given_out", lambda: 1_024)
    with socket.create_server(("127.0.0.1", free_port())):
        pass
