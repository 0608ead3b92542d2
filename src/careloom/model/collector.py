"""Large documents and the garbage collector.

Whenever many objects have been made, the collector looks through all there are for cycles that nothing refers to. A
document being read makes hundreds of thousands and drops none, so that each look finds more to look through and
nothing to collect: it takes longer than the reading does.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_pauses = 0


@contextmanager
def paused(*, when: bool = True) -> Iterator[None]:
    """Keep the collector from looking while one large document is in hand; others that pause it meanwhile add up.

    Args:
        when: Whether to; a small document is not worth it.
    """
    if not when or not (gc.isenabled() or _pauses):
        yield
        return
    _pause(1)
    try:
        yield
    finally:
        _pause(-1)


def _pause(more: int) -> None:
    global _pauses  # noqa: PLW0603 - there is one collector in a process
    with _lock:
        _pauses += more
        if _pauses:
            gc.disable()
        else:
            gc.enable()
