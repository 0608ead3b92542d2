"""The tables of a site: those of `adt.toml`, and what the site lays over them."""

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from careloom.connectors.hl7v2.datatypes import DATATYPES
from careloom.connectors.hl7v2.tables import CODE_SYSTEMS, CodeMap, Event, FieldPath, Rule, Tables
from careloom.model.errors import InvalidError, MalformedError, NotFoundError, UnavailableError

_FIELD = re.compile(r"(?P<segment>[A-Z][A-Z0-9]{2})-(?P<field>\d{1,3})(?:\.(?P<component>\d{1,2}))?")


def load_tables(site: Path | None = None) -> Tables:
    """The tables of Careloom, with those of a site laid over them.

    What a site writes replaces what stands under the same key: an element's rule, an authority, a table of codes.
    Files that say the same give the same tables, so that who reads them again can tell whether anything has changed.

    Raises:
        NotFoundError: There is no such file.
        UnavailableError: It cannot be read.
        MalformedError: It is no TOML.
        InvalidError: It says something that no table says; the message names the key.
    """
    try:
        return _read("" if site is None else site.read_text("utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(f"a file of tables expected at {site}, none found") from error
    except OSError as error:
        raise UnavailableError(f"a file of tables expected at {site}, it cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MalformedError(f"{site}: TOML expected: {error}") from error


@lru_cache(maxsize=8)
def _read(of_site: str) -> Tables:
    ours = files("careloom.connectors.hl7v2").joinpath("adt.toml").read_text("utf-8")
    return _tables(_laid_over(tomllib.loads(ours), tomllib.loads(of_site)))


def _laid_over(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Tables become one, key by key, down to the rule of an element and to a table of codes."""
    together = dict(below)
    for key, value in above.items():
        is_table = isinstance(value, dict) and isinstance(below.get(key), dict) and "as" not in value
        together[key] = _laid_over(below[key], value) if is_table else value
    return together


def _tables(data: Mapping[str, Any]) -> Tables:
    known = {"site", "identity", "authorities", "resources", "events", "maps", "code_systems"}
    if data.keys() - known:
        raise InvalidError(f"tables: one of {', '.join(sorted(known))} expected, {min(data.keys() - known)!r} found")
    maps = {name: CodeMap(table["codes"], table.get("system", "")) for name, table in data["maps"].items()}
    return Tables(
        timezone=_timezone(data["site"]["timezone"]),
        identifier_system=data["site"]["identifier_system"],
        location_system=data["site"]["location_system"],
        patient_systems=tuple(data["identity"]["patient"]),
        authorities=data["authorities"],
        resources={
            type: tuple(_rules(type, elements, maps)) for type, elements in data["resources"].items() if elements
        },
        events={name: _event(name, row) for name, row in data["events"].items()},
        maps=maps,
        code_systems={**CODE_SYSTEMS, **data.get("code_systems", {})},
    )


def _timezone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidError(f"site.timezone: a time zone such as 'Europe/London' expected, {name!r} found") from error


STAYS = frozenset({"begin", "move", "return", "end", "update", "cancel", "reopen", "none"})


def _event(name: str, row: Mapping[str, Any]) -> Event:
    if row.get("stay") not in STAYS:
        raise InvalidError(f"events.{name}.stay: one of {', '.join(sorted(STAYS))} expected, {row.get('stay')!r} found")
    return Event(row["stay"], row.get("status", ""), bool(row.get("merge")))


def _rules(type: str, elements: Mapping[str, Any], maps: Mapping[str, CodeMap]) -> list[Rule]:
    return [
        _rule(f"resources.{type}.{target}", target, row, maps)
        for target, rows in elements.items()
        for row in (rows if isinstance(rows, list) else [rows])
        if row
    ]


def _rule(where: str, target: str, row: Mapping[str, Any], maps: Mapping[str, CodeMap]) -> Rule:
    known = {"from", "each", "as", "map", "set", "unless", "on"}
    if row.keys() - known:
        raise InvalidError(f"{where}: one of {', '.join(sorted(known))} expected, {min(row.keys() - known)!r} found")
    if ("from" in row) == ("each" in row):
        raise InvalidError(f"{where}: either 'from' or 'each' expected, {sorted(row.keys() & {'from', 'each'})} found")
    if row.get("as") not in DATATYPES:
        raise InvalidError(f"{where}: one of {', '.join(DATATYPES)} expected as 'as', {row.get('as')!r} found")
    if row.get("map", "") and row["map"] not in maps:
        raise InvalidError(f"{where}: one of {', '.join(maps)} expected as 'map', {row['map']!r} found")
    sources = row.get("from", row.get("each"))
    return Rule(
        target=tuple(target.split(".")),
        sources=tuple(_field(where, text) for text in (sources if isinstance(sources, list) else [sources])),
        repeats="each" in row,
        datatype=row["as"],
        map=row.get("map", ""),
        constants=row.get("set"),
        unless=row.get("unless", ""),
        events=frozenset(row.get("on", ())),
    )


def _field(where: str, text: str) -> FieldPath:
    parts = _FIELD.fullmatch(text)
    if parts is None:
        raise InvalidError(f"{where}: a field such as 'PID-3' or 'PID-29.1' expected, {text!r} found")
    component = parts["component"]
    return FieldPath(parts["segment"], int(parts["field"]), int(component) if component else None)
