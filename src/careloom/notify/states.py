"""The state of a subscription, written to its resource by whoever found it out."""

from typing import Final

import structlog

from careloom.notify.subscriptions import Status, with_status
from careloom.store import Repository, Turn

CAUSE: Final = "careloom:notify"
"""Who causes such a version, so that nobody takes it for one that a client has written."""

_log = structlog.get_logger("careloom.notify")


async def write_status(repository: Repository, id: str, version_id: str, status: Status, error: str = "") -> str | None:
    """Write a state, if the resource still is the version that the state is about.

    Returns:
        The version that says so; None where the resource is gone or was changed.
    """

    def work(turn: Turn) -> str | None:
        current = turn.read("Subscription", id)
        if current is None or current.resource is None or current.version_id != version_id:
            return None
        changed = with_status(current.resource, status, error)
        return version_id if changed == current.resource else turn.update(changed).version_id

    written = await repository.commit(work, cause=CAUSE, is_light=True)
    _log.info("subscription", id=id, status=status, error=error, superseded=written is None)
    return written
