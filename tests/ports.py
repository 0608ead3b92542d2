"""Ports for servers that are told theirs before they listen, or that listen again where they did before."""

import random
import socket
from contextlib import suppress
from pathlib import Path

_GIVEN_OUT = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 10_000
_CHANCE = random.SystemRandom()  # tests set the seed of the other one


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens.

    It is none of those that the system gives to whoever connects, or listens on any, so that it stays free until it is
    used, and while a server is away that comes back to it. Where it gives out nearly all, it is one of these.
    """
    lowest_given_out = _lowest_given_out()
    while lowest_given_out > _LOWEST + 1_000:
        port = _CHANCE.randrange(_LOWEST, lowest_given_out)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    with socket.create_server(("127.0.0.1", 0)) as listener:
        given: int = listener.getsockname()[1]
        return given


def _lowest_given_out() -> int:
    try:
        return int(_GIVEN_OUT.read_text().split()[0])
    except OSError:
        return 0
