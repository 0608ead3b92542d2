"""The acute hospital's record system: tables of its own, letters made from them when a ward discharges somebody.

Its style: relational, sends everything about a discharge in one transaction, and reads nothing back.
What its letters say is what its tables say; a blank on the ward is a blank in the letter.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.routing import BaseRoute

from careloom.connectathon.suppliers.letter import discharge_transaction
from careloom.connectathon.suppliers.system import Action, Place
from careloom.model import parse_json
from careloom.model.errors import InvalidError

_TABLES = """
create table stay (
    number        text primary key,   -- the hospital's visit number
    hospital_no   text not null,
    nhs_number    text not null,      -- blank when the ward did not fill it in
    family        text not null,
    given         text not null,
    gender        text not null,
    born          text not null,
    address       text not null,      -- one line to a line
    postcode      text not null,
    admitted      text not null,
    discharged    text not null,
    status        text not null,
    ward          text not null,
    consultant    text not null,
    practice      text not null,      -- ODS code of the registered practice
    summary       text not null,
    plan          text not null
) strict;
create table diagnosis (stay text not null, code text not null, term text not null) strict;
create table medicine  (stay text not null, code text not null, term text not null, dose text not null) strict;
create table allergy   (stay text not null, code text not null, term text not null, reaction_code text not null,
                        reaction text not null) strict;
create table sent      (stay text not null, status integer not null, told text not null) strict;
"""

_CORRECTABLE = {
    "nhs-number": "update stay set nhs_number = ? where number = ?",
    "stay-status": "update stay set status = ? where number = ?",
    "allergy-code": "update allergy set code = ? where stay = ?",
    "allergy-term": "update allergy set term = ? where stay = ?",
}


class Hospital:
    """The hospital's system; ``settings['records']`` names the JSON file its tables are filled from."""

    def __init__(self, place: Place) -> None:
        self._hub = place.hub
        self._organisation = place.settings["organisation"]
        self._title = place.settings["title"]
        self._tables = sqlite3.connect(place.storage / "hospital.db", isolation_level=None)
        self._tables.row_factory = sqlite3.Row
        self._tables.executescript(_TABLES)
        _fill(self._tables, Path(place.settings["records"]))

    @property
    def actions(self) -> Mapping[str, Action]:
        """Log in, send the letter of a stay, correct what the ward wrote."""
        return {"log in": self._log_in, "send letter": self._send_letter, "correct record": self._correct}

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Nobody calls the hospital."""
        return ()

    def state(self) -> Mapping[str, Any]:
        """Stays and what was sent of them."""
        return {
            "stays": [dict(row) for row in self._tables.execute("select number, family, status from stay")],
            "sent": [dict(row) for row in self._tables.execute("select * from sent")],
        }

    async def work(self) -> None:
        """It does nothing by itself: a ward presses a button."""

    def close(self) -> None:
        """Close the tables."""
        self._tables.close()

    async def _log_in(self, arguments: Mapping[str, str]) -> Mapping[str, Any]:
        answer = await self._hub.log_in()
        return {"status": answer.status}

    async def _send_letter(self, arguments: Mapping[str, str]) -> Mapping[str, Any]:
        number = arguments["stay"]
        answer = await self._hub.post("", self._letter(number))
        self._tables.execute("insert into sent values (?, ?, ?)", (number, answer.status, answer.told))
        return {"status": answer.status, "told": answer.told}

    async def _correct(self, arguments: Mapping[str, str]) -> Mapping[str, Any]:
        corrections = {name: value for name, value in arguments.items() if name != "stay"}
        unknown = sorted(set(corrections) - set(_CORRECTABLE))
        if unknown:
            raise InvalidError(f"cannot correct {', '.join(unknown)}; can: {', '.join(_CORRECTABLE)}")
        for name, value in corrections.items():
            self._tables.execute(_CORRECTABLE[name], (value, arguments["stay"]))
        return {"corrected": sorted(corrections)}

    def _letter(self, number: str) -> dict[str, Any]:
        stay = self._tables.execute("select * from stay where number = ?", (number,)).fetchone()
        if stay is None:
            raise InvalidError(f"the hospital has no stay {number!r}")
        return discharge_transaction(
            dict(stay),
            diagnoses=self._rows("diagnosis", number),
            medicines=self._rows("medicine", number),
            allergies=self._rows("allergy", number),
            organisation=self._organisation,
            title=self._title,
        )

    def _rows(self, table: str, number: str) -> list[dict[str, Any]]:
        # The name of the table is one of three constants above; only the number comes from outside.
        return [dict(row) for row in self._tables.execute(f"select * from {table} where stay = ?", (number,))]


def _fill(tables: sqlite3.Connection, records: Path) -> None:
    """Fill empty tables from ``{"stay": [row, …], "diagnosis": [row, …], …}``; rows are objects by column."""
    for table, rows in parse_json(records.read_bytes()).items():
        for row in rows:
            columns = ", ".join(row)
            marks = ", ".join("?" * len(row))
            tables.execute(f"insert into {table} ({columns}) values ({marks})", tuple(row.values()))
