"""The schema, brought up to date: numbered files, each applied once, in order, and never changed after.

``store/sql/migrations/0001_name.sql`` and so on are for SQLite, those in ``store/sql/migrations/postgres`` for
PostgreSQL. The table ``migration`` of a database keeps the number and the checksum of each file that was applied to it;
a file that has changed since, or a number that this release does not know, stops the opening. How a step is applied is
the business of each database; which are to be applied, and whether those that were are still the same, is told here.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from importlib.resources import files

from careloom.model.errors import InvalidError
from careloom.model.instants import Clock, instant
from careloom.model.records import dataclass
from careloom.store.sql.dialect import Connection

_ENTER = "INSERT INTO migration (number, name, checksum, applied) VALUES (:number, :name, :checksum, :applied)"
_FILE_NAME = re.compile(r"(\d{4})_(\w+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    script: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the script, in hexadecimal."""
        return hashlib.sha256(self.script.encode()).hexdigest()


def migrations(folder: str = "") -> tuple[Migration, ...]:
    """The steps this release knows, in order; ``folder`` is ``postgres`` or, for SQLite, empty."""
    place = files("careloom.store") / "sql" / "migrations" / folder
    found = [(match, file) for file in place.iterdir() if (match := _FILE_NAME.fullmatch(file.name))]
    steps = [Migration(int(match[1]), match[2], file.read_text("utf-8")) for match, file in found]
    return tuple(sorted(steps, key=lambda step: step.number))


def missing(steps: Iterable[Migration], applied: Mapping[int, str], place: object) -> list[Migration]:
    """The steps still to be taken, in order.

    Args:
        steps: Those this release knows.
        applied: Number to checksum of the steps taken already.
        place: Which database, for messages.

    Raises:
        InvalidError: A step was taken that this release does not know, or knows otherwise.
    """
    known = {step.number: step for step in steps}
    for number, checksum in applied.items():
        _check(known.get(number), number, checksum, place)
    return [step for step in known.values() if step.number not in applied]


def taken(connection: Connection) -> dict[int, str]:
    """Number to checksum of the steps that a database has been through."""
    return dict(connection.execute("SELECT number, checksum FROM migration ORDER BY number").fetchall())


def enter(connection: Connection, step: Migration, clock: Clock) -> None:
    """Write down that a step was taken, in its own transaction."""
    row = {"number": step.number, "name": step.name, "checksum": step.checksum, "applied": instant(clock())}
    connection.execute(_ENTER, row)


def _check(step: Migration | None, number: int, checksum: str, place: object) -> None:
    if step is None:
        raise InvalidError(f"{place}: schema step {number} is not known here; the database is of a newer release")
    if step.checksum != checksum:
        raise InvalidError(
            f"{place}: schema step {number} ({step.name}) was applied with checksum {checksum[:12]}, "
            f"this release has {step.checksum[:12]}"
        )
