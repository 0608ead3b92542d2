"""From the index values of a version to the rows it is found by."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from careloom.search import IndexValues
from careloom.store.hashing import Hash
from careloom.store.statements import load_statements

ANY_SYSTEM = -1
"""System of a token whose system is implied but not known."""

KEPT_IN_VERSION = frozenset({"_id", "_lastUpdated"})
"""Parameters that the version's own columns answer; they need no postings."""

NOT_ASKED_FOR = ":text"
"""The side of a token that holds its display; no query asks for it yet, and displays are long."""

_INSERT = load_statements("postings.sql")

Row = tuple[Any, ...]


@dataclass(slots=True)
class Postings:
    """Rows per table, collected over the versions of one unit and written together, each table in key order.

    Args:
        tenant: Number of the tenant.
        hash_of: The tenant's hash.
        number: Gives the number of a text.
    """

    tenant: int
    hash_of: Hash
    number: Callable[[str], int]
    _rows: dict[str, list[Row]] = field(default_factory=lambda: {table: [] for table in _INSERT})

    def add(self, vid: int, values: IndexValues) -> None:
        """Collect the rows of one version."""
        self._add_tokens(vid, values)
        self._add_references(vid, values)
        self._add_strings(vid, values)
        self._add_dates(vid, values)
        self._add_numbers(vid, values)
        self._add_uris(vid, values)

    def write(self, connection: sqlite3.Connection) -> None:
        """Insert what was collected and start anew."""
        for table, rows in self._rows.items():
            if rows:
                connection.executemany(_INSERT[table], sorted(rows))
                rows.clear()

    def _p(self, values: IndexValues, parameter: str) -> int:
        return self.number(parameter_name(values.type, parameter))

    def _add_tokens(self, vid: int, values: IndexValues) -> None:
        """A token is found by its code with the system beside it, and by its system alone."""
        rows = self._rows["tok"]
        for parameter, tokens in values.tokens.items():
            if parameter in KEPT_IN_VERSION:
                continue
            for token in tokens:
                system = ANY_SYSTEM if token.system is None else self.number(token.system)
                rows.append((self.tenant, code_hash(self.hash_of, values.type, parameter, token.code), vid, system))
                h = system_hash(self.hash_of, values.type, parameter, token.system)
                rows.append((self.tenant, h, vid, system))

    def _add_references(self, vid: int, values: IndexValues) -> None:
        rows = self._rows["ref"]
        for parameter, references in values.references.items():
            for value in references:
                rows.append((self.tenant, self.hash_of(values.type, parameter, value.target), vid))

    def _add_strings(self, vid: int, values: IndexValues) -> None:
        rows = self._rows["str"]
        for parameter, strings in values.strings.items():
            if parameter.endswith(NOT_ASKED_FOR):
                continue
            p = self._p(values, parameter)
            rows += [(self.tenant, p, text.folded, vid, exact_hash(self.hash_of, text.exact)) for text in strings]

    def _add_dates(self, vid: int, values: IndexValues) -> None:
        rows = self._rows["dat"]
        for parameter, dates in values.dates.items():
            if parameter not in KEPT_IN_VERSION:
                p = self._p(values, parameter)
                rows += [(self.tenant, p, date.low, date.high, vid) for date in dates]

    def _add_numbers(self, vid: int, values: IndexValues) -> None:
        rows = self._rows["num"]
        for parameter, numbers in values.numbers.items():
            p = self._p(values, parameter)
            rows += [(self.tenant, p, number.low, number.high, vid, 0, 0, 0) for number in numbers]
        for parameter, quantities in values.quantities.items():
            p = self._p(values, parameter)
            for value in quantities:
                unit = (self.number(value.system), self.number(value.code), self.number(value.unit))
                rows.append((self.tenant, p, value.low, value.high, vid, *unit))

    def _add_uris(self, vid: int, values: IndexValues) -> None:
        rows = self._rows["uri"]
        for parameter, uris in values.uris.items():
            p = self._p(values, parameter)
            rows += [(self.tenant, p, value.uri, vid) for value in uris]


def parameter_name(type: str, parameter: str) -> str:
    """The text under which a parameter of a type has its number."""
    return f"{type}.{parameter}"


def code_hash(hash_of: Hash, type: str, parameter: str, code: str) -> int:
    """Where tokens with this code are."""
    return hash_of(type, parameter, "code", code)


def system_hash(hash_of: Hash, type: str, parameter: str, system: str | None) -> int:
    """Where tokens of this system are, whatever their code; None: where those of an unknown system are."""
    return hash_of(type, parameter, "any") if system is None else hash_of(type, parameter, "system", system)


def exact_hash(hash_of: Hash, exact: str) -> int:
    """What stands for a text as it was written; 0 for the empty one, which marks the parts of a text."""
    return hash_of(exact) if exact else 0


def presence(number: Callable[[str], int], values: IndexValues | None) -> str:
    """The column ``present``: numbers of the parameters the resource has elements for, between commas."""
    if values is None:
        return ","
    numbers = sorted(number(parameter_name(values.type, parameter)) for parameter in values.present)
    return "," + "".join(f"{each}," for each in numbers)
