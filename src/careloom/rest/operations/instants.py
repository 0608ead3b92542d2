"""Instants among the parameters of an operation."""

from datetime import UTC, datetime

from careloom.model.errors import MalformedError
from careloom.rest.hub import Hub
from careloom.search.dates import date_interval
from careloom.store.ids import moment_of


def read_instant(name: str, text: str, hub: Hub) -> datetime | None:
    """The first moment of an instant or date, in UTC; None where nothing was given.

    A plus sign that was not escaped arrives as a space, and is taken for what it was meant to be.

    Args:
        name: Of the parameter, for the message.
        text: As it was sent.
        hub: For the time zone of dates.

    Raises:
        MalformedError: Neither an instant nor a date.
    """
    if not text:
        return None
    interval = date_interval(text.replace(" ", "+"), hub.parameters.zone)
    if interval is None:
        raise MalformedError(f"{name}: an instant or a date expected, found {text[:40]!r}", expression=name)
    try:
        return moment_of(interval[0])
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)
