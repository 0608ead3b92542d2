"""Compression dictionaries, made beside the work from the newest bodies of a type.

A dictionary outlives the bodies it was made from, those that are erased among them, so it is made from what several
patients have in common (`careloom.store.sql.common`).

Three steps, none of which holds up a writer for long: a reader takes samples, a thread trains, a turn records the
dictionary. Bodies that were written before there was any are then packed anew, some hundreds in a turn.
"""

from careloom.store.bodies import PLAIN, Bodies
from careloom.store.sql.common import common_texts
from careloom.store.sql.dialect import Connection
from careloom.store.sql.names import Names
from careloom.store.sql.statements import load_statements

SAMPLES = 2_000
PACKED_AT_ONCE = 250
_SQL = load_statements("record.sql")


def samples(connection: Connection, type: str, names: Names, bodies: Bodies) -> list[bytes]:
    """What the newest bodies of a type have in common; versions of one resource are of one patient."""
    key = {"tenant": names.tenant, "type": names.find(connection, type), "limit": SAMPLES}
    rows = connection.execute(_SQL["newest_bodies"], key).fetchall()
    return common_texts((rid, bodies.unpack_text(dictionary, packed)) for rid, dictionary, packed in rows)


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
    connection.executemany(
        _SQL["repack_body"],
        [
            (number, bodies.pack_with(number, bodies.unpack_text(PLAIN, packed)), names.tenant, vid)
            for vid, dictionary, packed in rows
            if dictionary == PLAIN and number != PLAIN
        ],
    )
    return int(rows[-1][0]) if len(rows) == PACKED_AT_ONCE else 0
