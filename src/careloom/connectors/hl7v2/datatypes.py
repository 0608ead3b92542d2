"""Data types of HL7 v2 as data types of FHIR, each by one function from a value to JSON, or None for nothing.

Source: HL7 v2.5.1, chapter 2A; FHIR R4, data types. The HL7 v2-to-FHIR guide says the same wherever it speaks.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from careloom.connectors.hl7v2.message import Value
from careloom.connectors.hl7v2.tables import Tables
from careloom.model.errors import InvalidError
from careloom.model.nhs_number import NHS_NUMBER, UNVERIFIED, is_nhs_number, plain

Convert = Callable[[Value, Tables], Any]

_TIME = re.compile(
    r"(?P<year>\d{4})(?:(?P<month>\d\d)(?:(?P<day>\d\d)"
    r"(?:(?P<hour>\d\d)(?P<minute>\d\d)?(?:(?P<second>\d\d)(?P<fraction>\.\d{1,4})?)?)?)?)?(?P<zone>[+-]\d{4})?"
)
_UK_POSTCODE = re.compile(r"(?P<outward>[A-Z]{1,2}\d[A-Z\d]?)\s*(?P<inward>\d[A-Z]{2})", re.IGNORECASE)


def text(value: Value, tables: Tables) -> str | None:
    """ST, TX: the text itself."""
    return value.component(1).strip() or None


def boolean(value: Value, tables: Tables) -> bool | None:
    """ID of table 0136, yes or no."""
    return {"Y": True, "N": False}.get(value.component(1).upper())


def integer(value: Value, tables: Tables) -> int | None:
    """NM, as a whole number."""
    found = value.component(1).strip()
    if found and not found.lstrip("+-").isdecimal():
        raise InvalidError(f"a whole number expected, {found!r} found")
    return int(found) if found else None


def date(value: Value, tables: Tables) -> str | None:
    """DT or TS: ``1987``, ``1987-03`` or ``1987-03-12``; a time of day is left out."""
    parts = _time(value.component(1))
    return None if parts is None else _date(parts)


def _date(parts: re.Match[str]) -> str:
    return "-".join(part for part in parts.group("year", "month", "day") if part)


def date_time(value: Value, tables: Tables) -> str | None:
    """TS or DTM: as precise as it came; with the site's offset where it has a time and no offset."""
    return _instant(value.component(1), tables.timezone)


@lru_cache(maxsize=2_000)
def _instant(written: str, timezone: ZoneInfo) -> str | None:
    """The same of the text; one message says of several things that they happened then."""
    parts = _time(written)
    if parts is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = parts.groups()
    if hour is None:
        return _date(parts)
    offset = offset or _offset(f"{year}{month}{day}{hour}{minute or '00'}", timezone)
    zone = "Z" if offset in ("+0000", "-0000") else f"{offset[:3]}:{offset[3:]}"
    return f"{year}-{month}-{day}T{hour}:{minute or '00'}:{second or '00'}{fraction or ''}{zone}"


@lru_cache(maxsize=2_000)
def _offset(minute: str, timezone: ZoneInfo) -> str:
    """The offset from UTC that a place has in a minute of its own time: ``+0100``."""
    return datetime.strptime(minute, "%Y%m%d%H%M").replace(tzinfo=timezone).strftime("%z")


def _time(written: str) -> re.Match[str] | None:
    found = written.strip()
    if not found:
        return None
    parts = _TIME.fullmatch(found)
    if parts is None:
        raise InvalidError(f"a time as YYYYMMDDHHMMSS expected, {found!r} found")
    year, month, day, hour, minute, second, *_ = parts.groups()
    try:
        _day(year, month or "1", day or "1")
        time(int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError as error:
        raise InvalidError(f"a time as YYYYMMDDHHMMSS expected, {found!r} found: {error}") from error
    return parts


@lru_cache(maxsize=2_000)
def _day(year: str, month: str, day: str) -> None:
    """See that there is such a day.

    Raises:
        ValueError: There is none.
    """
    datetime(int(year), int(month), int(day), tzinfo=UTC)


def code(value: Value, tables: Tables) -> str | None:
    """IS, ID: the code; a rule with ``map`` looks it up."""
    return value.component(1).strip() or None


def coding(value: Value, tables: Tables) -> dict[str, Any] | None:
    """CE, CWE: the first code of the element."""
    found = _coding(value, 1, tables)
    return found or None


def concept(value: Value, tables: Tables) -> dict[str, Any] | None:
    """CE, CWE as CodeableConcept: the code, the alternate code, and the text."""
    codings = [found for place in (1, 4) if (found := _coding(value, place, tables))]
    written = value.component(9) or value.component(2)
    return {**({"coding": codings} if codings else {}), **({"text": written} if written else {})} or None


def _coding(value: Value, place: int, tables: Tables) -> dict[str, Any]:
    found = value.component(place).strip()
    if not found:
        return {}
    system = tables.code_systems.get(value.component(place + 2))
    display = value.component(place + 1)
    return _filled(system=system, code=found, display=display)


def identifier(value: Value, tables: Tables) -> dict[str, Any] | None:
    """CX: the number without blanks at its ends, under the system of the assigning authority, or of the sender.

    An NHS number that is none is put under another system, by which nobody is found.
    """
    number = value.component(1).strip()
    if not number:
        return None
    system = tables.system_of(value.part(4)) or tables.own_system
    if system == NHS_NUMBER:
        number = plain(number)
        system = NHS_NUMBER if is_nhs_number(number) else UNVERIFIED
    period = _filled(start=date(value.part(7), tables), end=date(value.part(8), tables))
    return _filled(system=system, value=number, period=period)


def name(value: Value, tables: Tables) -> dict[str, Any] | None:
    """XPN: family, given, further given, suffix, prefix; with the use of its type code."""
    given = [part for part in (value.component(2), *value.component(3).split(" ")) if part]
    found = _filled(
        family=value.part(1).component(1),
        given=given,
        prefix=_words(value.component(5)),
        suffix=_words(value.component(4), value.component(6)),
    )
    return _used(found, tables.code("name-use", value.component(7)))


def address(value: Value, tables: Tables) -> dict[str, Any] | None:
    """XAD: lines, city, county, postcode and country, with the use of its type."""
    lines = [part for part in (value.part(1).component(1), value.component(2)) if part]
    found = _filled(
        line=lines,
        city=value.component(3),
        district=value.component(9) or value.component(4),
        postalCode=_postcode(value.component(5)),
        country=value.component(6),
    )
    return _used(found, tables.code("address-use", value.component(7)))


def telecom(value: Value, tables: Tables) -> dict[str, Any] | None:
    """XTN: an address of e-mail, or the number as written or as put together of its parts."""
    kind, use = value.component(3), tables.code("telecom-use", value.component(2))
    mail = value.component(4)
    parts = [value.component(5) and f"+{value.component(5)}", value.component(6), value.component(7)]
    number = value.component(12) or value.component(1) or " ".join(part for part in parts if part)
    found = mail or number
    if not found:
        return None
    system = "email" if mail or "@" in found else tables.code("telecom-system", kind) or "phone"
    return _filled(system=system, value=found.strip(), use="mobile" if kind == "CP" else use)


def person(value: Value, tables: Tables) -> dict[str, Any] | None:
    """XCN as a Reference to somebody known by identifier and name, without a resource of its own."""
    number, system = value.component(1).strip(), tables.system_of(value.part(9))
    display = " ".join(
        part
        for part in (value.component(6), value.component(3), value.part(2).component(1), value.component(5))
        if part
    )
    identified = {"identifier": _filled(system=system, value=number)} if number else {}
    return {**identified, **({"display": display} if display else {})} or None


def participant(value: Value, tables: Tables) -> dict[str, Any] | None:
    """XCN as Encounter.participant; ``set`` of the rule names its type in v3 ParticipationType."""
    found = person(value, tables)
    return {"individual": found} if found else None


def _postcode(written: str) -> str:
    """A British postcode with its one blank; any other as it is."""
    found = _UK_POSTCODE.fullmatch(written.strip())
    return f"{found['outward']} {found['inward']}".upper() if found else written


def _words(*written: str) -> list[str]:
    return [part for part in written if part]


def _used(found: dict[str, Any], use: str | None) -> dict[str, Any] | None:
    """What was found, with what it is used for; nothing where that is all there is."""
    return _filled(use=use, **found) if found else None


def _filled(**elements: Any) -> dict[str, Any]:
    """The elements that have something in them."""
    return {name: value for name, value in elements.items() if value not in (None, "", [], {})}


DATATYPES: Mapping[str, Convert] = {
    "text": text,
    "boolean": boolean,
    "integer": integer,
    "date": date,
    "dateTime": date_time,
    "code": code,
    "coding": coding,
    "concept": concept,
    "identifier": identifier,
    "name": name,
    "address": address,
    "telecom": telecom,
    "person": person,
    "participant": participant,
}
"""What a rule's ``as`` may say."""
