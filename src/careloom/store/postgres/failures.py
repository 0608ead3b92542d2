"""Which errors of PostgreSQL say that the server, the network or a limit is at fault, and how they are told."""

import psycopg
from psycopg import errors

from careloom.model.errors import TooCostlyError, UnavailableError
from careloom.store.sql.batch import TakenIdError

_REASONS = {
    "08": "the connection failed",
    "25": "the server does not take writes now",  # 25006: a standby; 25P03: a transaction that stood still
    "40": "the transaction was ended by the server",
    "53": "the server has no room left",
    "55": "others kept a lock for too long",
    "57": "the server ended the connection",
    "58": "the server's disk does not read or write",
    "XX": "the server's data is damaged, or the server is",
}
"""By class of SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html; other errors are ours."""

_OF_RESOURCES = "head_pkey"
"""The key of which a resource has but one row."""

_LOST = "the server cannot be reached"


def is_failure(error: BaseException) -> bool:
    """Whether the server, the network or a limit failed, rather than a statement of ours."""
    if not isinstance(error, psycopg.Error):
        return False
    return error.sqlstate[:2] in _REASONS if error.sqlstate else _is_lost(error)


def is_taken(error: BaseException) -> bool:
    """Whether there was a resource that nobody looked for, since its id was made for a new one."""
    return isinstance(error, errors.UniqueViolation) and (error.diag.constraint_name or "").startswith(_OF_RESOURCES)


def unavailable(place: str, error: BaseException) -> UnavailableError:
    """The failure as it is told: server, reason, and the server's words, of which the first line names no value."""
    state = getattr(error, "sqlstate", None) or ""
    words = (str(error).splitlines() or [""])[0]
    return UnavailableError(f"{place}: {_REASONS.get(state[:2], _LOST)} ({words})")


def told(place: str, error: psycopg.Error) -> Exception:
    """What a reader is told of an error; a search that ran out of time is the search's fault."""
    if error.diag.message_primary:
        error.args = (error.diag.message_primary,)  # what the server adds quotes rows, which are patient data
    if isinstance(error, errors.QueryCanceled):
        return TooCostlyError("the search takes longer than a search may; ask for less, or more precisely")
    if is_taken(error):
        return TakenIdError(f"{place}: an id that was made for a resource is another's; nothing is recorded")
    return unavailable(place, error) if is_failure(error) else error


def _is_lost(error: psycopg.Error) -> bool:
    """An error without SQLSTATE comes from the client library; those of these kinds are of the connection."""
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
