from types import SimpleNamespace
from typing import Any

from careloom.serving.process import configuration

PROXIES = 60
"""Seconds that most keep a connection on which they ask nothing."""


async def application(*_: Any) -> None:
    """Answer nothing."""


def test_a_connection_at_rest_is_kept_for_longer_than_those_who_ask_keep_it() -> None:
    usual: Any = SimpleNamespace(grace=10.0, certificate=None, key=None, key_password="")
    assert configuration(application, usual).timeout_keep_alive > PROXIES
