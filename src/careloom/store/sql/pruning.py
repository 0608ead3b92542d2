"""Index rows of versions that no page can show any more are taken out, some at a time.

A resource that is updated a thousand times would otherwise be found a thousand times, to be passed over each time but
the last. Pages are turned as of their first page, so the rows of a closed version are needed until the oldest page
that may still be turned is of a later moment: `HORIZON` from now. Versions and bodies stay, for history.
"""

from datetime import datetime, timedelta

from careloom.model.errors import InvalidError
from careloom.store.ids import first_sequence
from careloom.store.sql.dialect import Connection
from careloom.store.sql.removing import Remover
from careloom.store.sql.statements import load_statements

HORIZON = timedelta(hours=24)
"""How long the pages of a search can be turned."""

AT_ONCE = 200
"""Versions that one turn takes."""

_SQL = load_statements("record.sql")


def prune(connection: Connection, remover: Remover, now: datetime) -> bool:
    """Take out the rows of some versions, in a turn; whether there are more."""
    tenant, horizon = remover.tenancy.number, first_sequence(now - HORIZON)
    key = {"tenant": tenant, "after": pruned_to(connection, tenant), "horizon": horizon, "limit": AT_ONCE}
    rows = connection.execute(_SQL["closed_within"], key).fetchall()
    remover.postings([vid for vid, _ in rows])
    has_more = len(rows) == AT_ONCE
    # Of versions that were closed at the same moment some may be left: the last of them is looked at again.
    reached = rows[-1][1] - 1 if has_more else horizon
    connection.execute(_SQL["move_pruned"], {"tenant": tenant, "vid": reached})
    return has_more


def pruned_to(connection: Connection, tenant: int) -> int:
    """The vid up to which it was done."""
    row = connection.execute(_SQL["pruned"], {"tenant": tenant}).fetchone()
    return int(row[0]) if row else 0


def require_kept(connection: Connection, tenant: int, snapshot: int) -> None:
    """See that a page can still be turned.

    Raises:
        InvalidError: What it needs may have been taken out since.
    """
    if snapshot < pruned_to(connection, tenant):
        hours = int(HORIZON.total_seconds() // 3600)
        raise InvalidError(f"page: a token not older than {hours} hours expected; search again")
