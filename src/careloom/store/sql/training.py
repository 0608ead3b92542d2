"""Compression dictionaries, made beside the work from the newest bodies of a type.

A dictionary outlives the bodies it was made from, those that are erased among them. So it is made from what several
patients have in common: a text that fewer than `SHARED_BY` of them have is left out of the samples.

Three steps, none of which holds up a writer for long: a reader takes samples, a thread trains, a turn records the
dictionary. Bodies that were written before there was any are then packed anew, some hundreds in a turn.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from careloom.model import parse_json, serialize_json
from careloom.store.bodies import PLAIN, Bodies
from careloom.store.sql.dialect import Connection
from careloom.store.sql.names import Names
from careloom.store.sql.statements import load_statements

SAMPLES = 2_000
PACKED_AT_ONCE = 250
SHARED_BY = 5
"""Patients who must have a text in common before it may be part of a dictionary."""

_SQL = load_statements("record.sql")


def samples(connection: Connection, type: str, names: Names, bodies: Bodies) -> list[bytes]:
    """The JSON of the newest bodies of a type."""
    key = {"tenant": names.tenant, "type": names.find(connection, type), "limit": SAMPLES}
    rows = connection.execute(_SQL["newest_bodies"], key).fetchall()
    return common_texts([bodies.unpack_text(dictionary, packed) for dictionary, packed in rows])


def common_texts(samples: Sequence[bytes]) -> list[bytes]:
    """Samples without the texts that are of few patients; the keys stay."""
    parsed = [parse_json(sample) for sample in samples]
    holders: dict[str, set[Any]] = {}
    for number, resource in enumerate(parsed):
        subject = _subject(resource) or number
        for text in _texts(resource):
            known = holders.setdefault(text, set())
            if len(known) < SHARED_BY:
                known.add(subject)
    return [serialize_json(_with(resource, holders)) for resource in parsed]


def _subject(resource: Any) -> str:
    """Whom a resource is about, if it is about somebody else; itself otherwise."""
    for key in ("subject", "patient", "beneficiary", "individual", "for"):
        element = resource.get(key)
        if isinstance(element, dict) and isinstance(reference := element.get("reference"), str):
            return reference
    return hashlib.sha256(serialize_json(resource)).hexdigest()


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, str):
        yield node


def _with(node: Any, holders: dict[str, set[Any]]) -> Any:
    """The same, with an empty text in the place of each that few share."""
    if isinstance(node, dict):
        return {key: _with(value, holders) for key, value in node.items()}
    if isinstance(node, list):
        return [_with(item, holders) for item in node]
    if isinstance(node, str):
        return node if len(holders[node]) >= SHARED_BY else ""
    return node


def record_dictionary(connection: Connection, type: str, names: Names, content: bytes, bodies: int) -> int:
    """Give a dictionary its number, in a turn."""
    key = {"tenant": names.tenant, "type": names.find(connection, type), "bytes": content, "bodies": bodies}
    (number,) = connection.execute(_SQL["add_dictionary"], key).fetchone()
    return int(number)


def read_dictionaries(connection: Connection, names: Names, bodies: Bodies) -> None:
    """Make all that were recorded known."""
    for number, type, content in connection.execute(_SQL["dictionaries"], {"tenant": names.tenant}).fetchall():
        bodies.dictionaries.add(number, names.text(connection, type), bytes(content))


def pack_anew(connection: Connection, type: str, names: Names, bodies: Bodies, after: int) -> int:
    """Pack some bodies that have no dictionary with that of their type, in a turn.

    Returns:
        The vid of the last that was looked at; 0 when there are no more.
    """
    number = bodies.dictionaries.by_type.get(type, PLAIN)
    key = {"tenant": names.tenant, "type": names.find(connection, type), "after": after, "limit": PACKED_AT_ONCE}
    rows = connection.execute(_SQL["plain_bodies"], key).fetchall()
    for vid, dictionary, packed in rows:
        if dictionary == PLAIN and number != PLAIN:
            anew = bodies.pack_with(number, bodies.unpack_text(PLAIN, packed))
            connection.execute(
                _SQL["repack_body"], {"tenant": names.tenant, "vid": vid, "dictionary": number, "bytes": anew}
            )
    return int(rows[-1][0]) if len(rows) == PACKED_AT_ONCE else 0
