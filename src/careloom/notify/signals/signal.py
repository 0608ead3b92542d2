"""One signal, and what makes it a good one."""

import re
from datetime import datetime

from careloom.model.errors import InvalidError
from careloom.model.nhs_number import is_nhs_number
from careloom.model.records import dataclass, field
from careloom.notify.signals.attributes import Attributes
from careloom.notify.signals.filtering import Filtering

URI_REFERENCE = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_URL = re.compile(r"https?://[^\s/?#]+[^\s]*")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_TEN_DIGITS = re.compile("[0-9]{10}")
_LONGEST = 2_000
_REQUIRED = ("id", "source", "type", "time")
_TEXTS = (*_REQUIRED, "dataref", "subject", "version_id")


@dataclass(frozen=True, slots=True)
class Signal:
    """Word that something happened.

    Attributes:
        id: Of the event, unique in its source.
        source: URI reference of the producer.
        type: Name of the event, ``pds-change-of-gp-2``.
        time: RFC 3339 with offset.
        dataref: Address where to read about it; empty where there is nothing to read.
        subject: Whom it is about, mostly an NHS number; empty where it is about nobody.
        version_id: Version of what changed, ``W/"4"``; empty where it is not told.
        filtering: What subscribers may filter by, as `careloom.notify.signals.filtering.read_filtering` gives it.
        attributes: What its sender says besides, as `careloom.notify.signals.attributes.read_attributes` gives it.

    Raises:
        InvalidError: An attribute is not what it must be; the message names it.
    """

    id: str
    source: str
    type: str
    time: str
    dataref: str = ""
    subject: str = ""
    version_id: str = ""
    filtering: Filtering = field(default=(), repr=False)  # by the rest of it a signal is known that came before
    attributes: Attributes = field(default=(), repr=False)

    def __post_init__(self) -> None:
        for name in _REQUIRED:
            if not getattr(self, name):
                raise InvalidError(f"{name}: a text expected, none found", expression=name)
        for name in _TEXTS:
            _check_text(name, getattr(self, name))
        _check_form("source", self.source, URI_REFERENCE, "a URI reference")
        if self.dataref:
            _check_form("dataref", self.dataref, _URL, "an http or https address")
        _check_time(self.time)
        _check_subject(self.subject)


def _check_text(name: str, value: str) -> None:
    if len(value) > _LONGEST:
        raise InvalidError(f"{name}: at most {_LONGEST} characters expected, {len(value)} found", expression=name)
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
        raise InvalidError(f"{name}: text without control characters expected, {value!r} found", expression=name)


def _check_form(name: str, value: str, form: re.Pattern[str], told: str) -> None:
    if not form.fullmatch(value):
        raise InvalidError(f"{name}: {told} expected, {value!r} found", expression=name)


def _check_time(time: str) -> None:
    _check_form("time", time, _TIME, "a time of RFC 3339 with its offset")
    try:
        datetime.fromisoformat(time)
    except ValueError as error:
        raise InvalidError(f"time: {error}: {time!r}", expression="time") from error


def _check_subject(subject: str) -> None:
    """Ten digits are an NHS number; nothing else that looks like one is let through by mistake."""
    if _TEN_DIGITS.fullmatch(subject) and not is_nhs_number(subject):
        raise InvalidError(
            "subject: an NHS number with its check digit expected, another ten digits found", expression="subject"
        )
