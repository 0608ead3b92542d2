"""What happened, as the room that served a request tells it to the audit."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, Literal, TypeAlias

from careloom.governance.decisions import Decision
from careloom.governance.tokens import Grant
from careloom.model.records import dataclass, replace

Outcome: TypeAlias = Literal["0", "4", "8", "12"]

TOKEN_REQUEST: Final = "token"
"""Asking for an access token: not an interaction of the FHIR REST API, but audited like one."""

NOTIFICATION: Final = "notification"
"""Telling a subscriber: the hub asks nothing, it discloses."""

REFUSALS: Final = "refusals"
"""Several strangers' requests that were refused, recorded as one."""

_LONGEST_TEXT: Final = 4096


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What happened, as the room that served the request tells it.

    Attributes:
        interaction: Code of restful-interaction, `TOKEN_REQUEST`, `NOTIFICATION` or `REFUSALS`.
        recorded: When it happened, timezone-aware.
        request_id: The X-Request-Id.
        outcome: 0 done; 4 the request was refused for what it said (malformed, invalid, not found, in conflict);
            8 access was denied; 12 the hub failed.
        description: A sentence saying how it ended; the decision's reason when empty.
        grant: What the token proved; None where nothing was proven.
        claimed_client: Id that was claimed where none was proven.
        address: Network address of the client; empty when unknown.
        decision: The decision, where one was made.
        type: Resource type, where the request names one.
        resources: What was read or written, ``Type/id`` or ``Type/id/_history/version``.
        patients: ``Patient/id`` of those whose data was touched.
        query: The search or operation as it was typed, ``Patient?name=x``; for a token request the form
            without its secrets (`token_query`).
        operation: Name of the operation without ``$``.
    """

    interaction: str
    recorded: datetime
    request_id: str = ""
    outcome: Outcome = "0"
    description: str = ""
    grant: Grant | None = None
    claimed_client: str = ""
    address: str = ""
    decision: Decision | None = None
    type: str = ""
    resources: tuple[str, ...] = ()
    patients: tuple[str, ...] = ()
    query: str = ""
    operation: str = ""


@dataclass(frozen=True, slots=True)
class AuditSource:
    """The hub as audit records name it: its FHIR base, and the locality it serves."""

    base_url: str
    site: str = ""


def token_query(form: Iterable[tuple[str, str]]) -> str:
    """A token request as it may be recorded: only the parameters that are known to hold no secret."""
    return "&".join(f"{name}={value}" for name, value in form if name in _OPEN_PARAMETERS)


_OPEN_PARAMETERS: Final = frozenset({"grant_type", "scope", "client_assertion_type", "client_id", "purpose_of_use"})


def cleaned(entry: AuditEntry) -> AuditEntry:
    """The entry with every text fit to be a FHIR string, whatever somebody sent."""
    if _are_clean(list(_texts(entry))) and all(entry.resources) and all(entry.patients):
        return entry
    return replace(
        entry,
        request_id=_text(entry.request_id),
        description=_text(entry.description),
        claimed_client=_text(entry.claimed_client),
        address=_text(entry.address),
        type=_text(entry.type),
        operation=_text(entry.operation),
        resources=tuple(filter(None, map(_text, entry.resources))),
        patients=tuple(filter(None, map(_text, entry.patients))),
    )


def outcome_text(entry: AuditEntry) -> str:
    """How it ended, as a FHIR string: what is said of it, else the reason of the decision."""
    return _text(entry.description or (entry.decision.reason if entry.decision else ""))


def _texts(entry: AuditEntry) -> Iterator[str]:
    yield entry.request_id
    yield entry.description
    yield entry.claimed_client
    yield entry.address
    yield entry.type
    yield entry.operation
    yield from entry.resources
    yield from entry.patients


def _are_clean(values: list[str]) -> bool:
    """Whether all of some texts are clean; one look at them together settles it for nearly all entries."""
    together = "|".join(values)
    if _is_clean(together) and " |" not in together and "| " not in together:
        return True
    return all(map(_is_clean, values))


def _is_clean(value: str) -> bool:
    """Whether `_text` would leave a text as it is."""
    return value.isprintable() and len(value) <= _LONGEST_TEXT and value[:1] != " " and value[-1:] != " "


def _text(value: str) -> str:
    """The value without control characters and lone surrogates, not endless; possibly empty."""
    if _is_clean(value):
        return value
    return "".join(c if c.isprintable() else " " for c in value[:_LONGEST_TEXT]).strip()
