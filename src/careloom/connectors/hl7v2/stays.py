"""How an event changes a stay: the Encounter after it, out of the Encounter before it.

A transfer ends the period at one place and begins it at the next; what is cancelled is undone, not deleted. An event
that comes late, or again, leaves a later state as it is where it can: neither an update nor an admission reopens a stay
that is over, a discharge does not end one that was cancelled, and nobody is moved in either. What takes back a
discharge is A13; an admission begins anew what was cancelled.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from careloom.connectors.hl7v2.tables import Event
from careloom.connectors.told import Told
from careloom.model import Resource
from careloom.model.errors import NotFoundError

Location = dict[str, Any]
"""An item of Encounter.location: reference, status, period."""

_STANDS: Mapping[str, frozenset[str]] = {
    "finished": frozenset({"begin", "move", "return", "update"}),
    "cancelled": frozenset({"move", "return", "update", "end", "reopen"}),
}
"""By the state of a stay that is over, what leaves it, and where it was, as it is."""


def stay_after(known: Resource | None, told: Told, event: Event, *, place: Resource | None, at: str | None) -> Resource:
    """The Encounter as it is after an event.

    Args:
        known: The Encounter before; None where there is none.
        told: What the message says of it.
        event: What the event means.
        place: Reference to the Location where the patient is now, as PV1-3 says; None where it says nothing.
        at: When it happened, FHIR dateTime.

    Raises:
        NotFoundError: What is to be cancelled, or reopened, is not on record.
    """
    if known is None and event.stay in ("cancel", "reopen"):
        raise NotFoundError("PV1-19: a visit on record expected, for there is something to take back; none found")
    stay = told.laid_over(known or {})
    stay["resourceType"] = "Encounter"
    if known is not None and event.stay in _STANDS.get(known["status"], ()):
        period = stay.get("period") if known["status"] == "finished" else known.get("period")
        return {**stay, "period": period} if period else stay
    stay["status"] = _status(known, event)
    locations = _locations(event, list((known or {}).get("location", ())), place, at)
    if locations:
        stay["location"] = locations
    else:
        stay.pop("location", None)
    if event.stay in ("begin", "reopen"):
        stay["period"] = {key: value for key, value in stay.get("period", {}).items() if key != "end"}
    return {key: value for key, value in stay.items() if value != {}}


def _status(known: Resource | None, event: Event) -> str:
    if event.status:
        return event.status
    return str(known["status"]) if known else "in-progress"


def _locations(event: Event, before: Sequence[Location], place: Resource | None, at: str | None) -> list[Location]:
    match event.stay:
        case "end":
            return [_left(location, at) for location in before] or _arrived([], place, at, status="completed")
        case "reopen":
            return [*before[:-1], _back(before[-1])] if before else []
        case "cancel":
            return list(before)
        case "return":
            return _returned(before, place, at)
        case "update" if before:
            return list(before)
        case _:
            return _moved(before, place, at)


def _moved(before: Sequence[Location], place: Resource | None, at: str | None) -> list[Location]:
    if place is None or (before and _is_at(before[-1], place)):
        return list(before)
    return _arrived([_left(location, at) for location in before], place, at, status="active")


def _returned(before: Sequence[Location], place: Resource | None, at: str | None) -> list[Location]:
    """Back where the patient was before the last move, as if that had not been."""
    if place is not None and len(before) > 1 and _is_at(before[-2], place):
        return [*before[:-2], _back(before[-2])]
    return _moved(before, place, at)


def _arrived(before: list[Location], place: Resource | None, at: str | None, *, status: str) -> list[Location]:
    if place is None:
        return before
    return [*before, {"location": place, "status": status, **({"period": {"start": at}} if at else {})}]


def _left(location: Location, at: str | None) -> Location:
    if location.get("status") == "completed":
        return location
    return {**location, "status": "completed", "period": {**location.get("period", {}), **({"end": at} if at else {})}}


def _back(location: Location) -> Location:
    period = {key: value for key, value in location.get("period", {}).items() if key != "end"}
    rest = {key: value for key, value in location.items() if key != "period"}
    return {**rest, "status": "active", **({"period": period} if period else {})}


def _is_at(location: Location, place: Resource) -> bool:
    return bool(location["location"].get("reference") == place.get("reference"))
