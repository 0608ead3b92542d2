import sqlite3
from typing import Any

from careloom.search.values import IndexValues, ReferenceValue, StringValue, TokenValue
from careloom.store.hashing import hasher
from careloom.store.sqlite.names import WriterNames
from careloom.store.sqlite.postings import ANY_SYSTEM, Postings, code_hash, presence, system_hash

HASH = hasher(bytes(32))


def rows(connection: sqlite3.Connection, table: str, values: IndexValues) -> list[Any]:
    names = WriterNames(1)
    postings = Postings(1, HASH, lambda text: names.number(connection, text))
    postings.add(7, values)
    postings.write(connection)
    return connection.execute(f"SELECT * FROM {table}").fetchall()


def test_a_token_is_found_by_code_and_by_system(connection: sqlite3.Connection) -> None:
    values = IndexValues("Patient", "1", tokens={"identifier": (TokenValue("urn:a", "7"),)})
    by_code = (1, code_hash(HASH, "Patient", "identifier", "7"), 7, 1)
    by_system = (1, system_hash(HASH, "Patient", "identifier", "urn:a"), 7, 1)
    assert rows(connection, "tok", values) == sorted([by_code, by_system])


def test_a_token_of_unknown_system_fits_any(connection: sqlite3.Connection) -> None:
    values = IndexValues("Patient", "1", tokens={"language": (TokenValue(None, "en"),)})
    assert {row[3] for row in rows(connection, "tok", values)} == {ANY_SYSTEM}


def test_id_and_last_updated_need_no_rows(connection: sqlite3.Connection) -> None:
    values = IndexValues("Patient", "1", tokens={"_id": (TokenValue("", "1"),)})
    assert rows(connection, "tok", values) == []


def test_one_code_under_two_parameters_or_types_is_kept_apart() -> None:
    assert len({code_hash(HASH, type, p, "a") for type in ("Patient", "Group") for p in ("code", "type")}) == 4


def test_parts_of_a_text_are_marked(connection: sqlite3.Connection) -> None:
    texts = (StringValue("smith jones", "Smith-Jones"), StringValue("jones", ""))
    found = rows(connection, "str", IndexValues("Patient", "1", strings={"family": texts}))
    assert [(folded, exact == 0) for _, _, folded, _, exact in found] == [("jones", True), ("smith jones", False)]


def test_displays_are_not_kept(connection: sqlite3.Connection) -> None:
    values = IndexValues("Observation", "1", strings={"code:text": (StringValue("pulse", "Pulse"),)})
    assert rows(connection, "str", values) == []


def test_the_same_value_twice_is_one_row(connection: sqlite3.Connection) -> None:
    targets = (ReferenceValue("Patient/1", "Patient", "1"), ReferenceValue("Patient/1"))
    assert len(rows(connection, "ref", IndexValues("Observation", "1", references={"subject": targets}))) == 1


def test_presence_lists_numbers_between_commas(connection: sqlite3.Connection) -> None:
    numbers = {"Patient.name": 12, "Patient.gender": 3}
    values = IndexValues("Patient", "1", present=frozenset({"name", "gender"}))
    assert presence(numbers.__getitem__, values) == ",3,12,"
    assert presence(numbers.__getitem__, None) == ","
