"""How threads share the interpreter while a large request is in progress, see `careloom.model.interpreter`."""

import asyncio

from careloom.model.interpreter import share


def share_until_done() -> None:
    """See that others get on beside the task that runs here, until it has ended and let go of what it had in hand."""
    task = asyncio.current_task()
    if task is None:
        return
    kept = share()
    task.add_done_callback(lambda ended: kept.close())
