"""The blanks of an audit record: what differs between records of one kind.

They are the instant, and in each entity the address that it leads to, the id of a request, or the search as it was
typed. Everything else tells of which kind a record is.
"""

import re
from collections.abc import Hashable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from careloom.model import Resource, trimmed
from careloom.model.instants import instant
from careloom.model.records import dataclass
from careloom.store.audit_form import AuditForm
from careloom.store.recording import unstamped

MOST_ITEMS = 8
"""Entities of a record that is looked at: there are as many kinds of longer lists as there are lists."""

TYPE: Final = "AuditEvent"

STAND_IN: Final = "stand-in-"
"""In all that is made up for a blank."""

SOME_INSTANT: Final = "2001-02-03T04:05:06.700009Z"
"""What is made up for the instant."""

_MOMENT, _ITEMS, _LEADS_TO, _TYPED = "recorded", "entity", "what", "query"
_ADDRESS = re.compile(r"([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_VALUE = re.compile(r"[A-Za-z0-9\-]{1,64}")

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)

Blank = tuple[str, str]
"""What stands in one: the text, and the part of it that references are found by."""


@dataclass(frozen=True, slots=True)
class Outlined:
    """A record as an outline and what its blanks hold.

    Attributes:
        kind: Tells the outline: the record as JSON without what the blanks hold, or what its form says of it.
        moment: When it was recorded.
        microseconds: The same since 1970.
        blanks: What the others hold, in their order.
    """

    kind: Hashable
    moment: str
    microseconds: int
    blanks: tuple[Blank, ...]


def outlined_of(resource: Resource, most: int = MOST_ITEMS) -> Outlined | None:
    """A record as an outline with its blanks; None where it is not like those that come again and again.

    Args:
        resource: As parsed JSON.
        most: Entities that it may have.
    """
    moment, items = resource.get(_MOMENT, ""), resource.get(_ITEMS)
    if items.__class__ is not list or len(items) > most or "contained" in resource:
        return None
    blanks: list[Blank] = []
    try:
        microseconds = _microseconds(moment)
        blanked = [_blanked(item, blanks) for item in items]
        kind = trimmed(orjson.dumps({**unstamped(resource), _MOMENT: "", _ITEMS: blanked}))
    except (TypeError, AttributeError, ValueError):  # no object where there should be one, decimals, no such day
        return None
    return Outlined(kind, moment, microseconds, tuple(blanks))


def outlined_form(form: AuditForm, most: int = MOST_ITEMS) -> Outlined | None:
    """A record told by a form in the same way; None where `outlined_of` would find other blanks in it, or none."""
    blanks: list[Blank] = []
    leading_to: list[tuple[str, bool]] = []
    for reference in form.references:
        blank = address_blank(reference)
        if blank is None:
            return None
        blanks.append(blank)
        leading_to.append(_leads_to(blank))
    if form.query:
        blanks.append((form.query, ""))
    if form.request_id:
        if not _VALUE.fullmatch(form.request_id):
            return None
        blanks.append((form.request_id, ""))
    if len(blanks) > most:
        return None
    microseconds = (form.recorded - _EPOCH) // _MICROSECOND
    kind = (form.kind, form.alike, tuple(leading_to), form.query == "", form.request_id == "")
    return Outlined(kind, instant(form.recorded), microseconds, tuple(blanks))


def _microseconds(moment: Any) -> int:
    """An instant since 1970.

    Raises:
        ValueError: It is none, or not written as the hub writes them.
    """
    if moment.__class__ is not str or not _INSTANT.fullmatch(moment):
        raise ValueError(moment)
    return (datetime.fromisoformat(moment) - _EPOCH) // _MICROSECOND


def _blanked(item: dict[str, Any], blanks: list[Blank]) -> dict[str, Any]:
    """An item without what its blank holds, which goes to the others."""
    leads_to = item.get(_LEADS_TO)
    if leads_to is None:
        typed = item.get(_TYPED)
        if typed.__class__ is str:
            blanks.append((typed, ""))
            return {**item, _TYPED: None}
    elif len(leads_to) == 1:
        if (blank := address_blank(leads_to.get("reference"))) is not None:
            blanks.append(blank)
            return {**item, _LEADS_TO: _leads_to(blank)}
        if (value := _plain_value(leads_to.get("identifier"))) is not None:
            blanks.append((value, ""))
            return {**item, _LEADS_TO: None}
    return item


def address_blank(reference: Any) -> Blank | None:
    """The address of a reference to something here, with the version that it may name and without."""
    found = _ADDRESS.fullmatch(reference) if reference.__class__ is str else None
    return (found[0], found[1]) if found else None


def _leads_to(blank: Blank) -> tuple[str, bool]:
    """To what type an address leads, and whether it names no version."""
    text, address = blank
    return address.partition("/")[0], text == address


def _plain_value(identifier: Any) -> str | None:
    """The value of an identifier that says nothing else."""
    value = identifier.get("value") if identifier.__class__ is dict and len(identifier) == 1 else None
    return value if value.__class__ is str and _VALUE.fullmatch(value) else None


def stand_in(place: int, blank: Blank) -> Blank:
    """What is made up for a blank."""
    text, address = blank
    name = f"{STAND_IN}{place}"
    if not address:
        return name, ""
    made_up = f"{address.partition('/')[0]}/{name}"
    return (made_up if text == address else f"{made_up}/_history/0"), made_up


def filled_in(resource: Resource, moment: str, blanks: tuple[Blank, ...]) -> Resource:
    """A record with other things in its blanks."""
    left = iter(blanks)
    items = [_item_filled(item, left) for item in resource[_ITEMS]]
    return {**resource, _MOMENT: moment, _ITEMS: items}


def _item_filled(item: dict[str, Any], left: Iterator[Blank]) -> dict[str, Any]:
    held: list[Blank] = []
    _blanked(item, held)
    if not held:
        return item
    text, address = next(left)
    if address:
        return {**item, _LEADS_TO: {"reference": text}}
    return {**item, _LEADS_TO: {"identifier": {"value": text}}} if _LEADS_TO in item else {**item, _TYPED: text}
