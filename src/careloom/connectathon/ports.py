"""A port for a process that is told its own before it listens."""

import random
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

_GIVEN_OUT: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST: Final = 11_000  # browsers ask nothing at 10080
_FEW: Final = 1_000


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens.

    A port that the system chooses may be given to somebody else before it is used: to whoever connects anywhere, or
    listens on any. So it is one below all of these, where the system leaves as many as `_FEW` there.
    """
    lowest_given_out = _lowest_given_out()
    while lowest_given_out > _LOWEST + _FEW:
        port = random.SystemRandom().randrange(_LOWEST, lowest_given_out)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    with socket.create_server(("127.0.0.1", 0)) as listener:
        given: int = listener.getsockname()[1]
        return given


def _lowest_given_out() -> int:
    try:
        return int(_GIVEN_OUT.read_text("ascii").split()[0])
    except OSError:  # another system than Linux
        return 0
