import sqlite3

from careloom.store.sql.names import NO_NAME, UNKNOWN, Names, WriterNames


def test_a_text_keeps_its_number(connection: sqlite3.Connection) -> None:
    names = WriterNames(1)
    number = names.number(connection, "Patient")
    assert names.number(connection, "Patient") == number
    assert Names(1).find(connection, "Patient") == number
    assert Names(1).text(connection, number) == "Patient"


def test_the_empty_text_needs_no_row(connection: sqlite3.Connection) -> None:
    assert WriterNames(1).number(connection, "") == NO_NAME
    assert Names(1).text(connection, NO_NAME) == ""
    assert connection.execute("SELECT count(*) FROM name").fetchone() == (0,)


def test_a_text_never_met_has_no_number(connection: sqlite3.Connection) -> None:
    assert Names(1).find(connection, "Claim") == UNKNOWN


def test_tenants_have_names_of_their_own(connection: sqlite3.Connection) -> None:
    WriterNames(1).number(connection, "Patient")
    assert Names(2).find(connection, "Patient") == UNKNOWN


def test_what_an_undone_unit_added_is_forgotten(connection: sqlite3.Connection) -> None:
    names = WriterNames(1)
    kept = names.number(connection, "kept")
    connection.execute("SAVEPOINT unit")
    names.begin()
    names.number(connection, "undone")
    connection.execute("ROLLBACK TO unit")
    names.undo_unit()
    assert names.find(connection, "undone") == UNKNOWN
    assert names.find(connection, "kept") == kept


def test_what_an_undone_group_added_is_forgotten(connection: sqlite3.Connection) -> None:
    names = WriterNames(1)
    connection.execute("BEGIN")
    names.begin()
    names.number(connection, "one")
    names.begin()
    names.number(connection, "two")
    connection.execute("ROLLBACK")
    names.undo_group()
    assert [names.find(connection, text) for text in ("one", "two")] == [UNKNOWN, UNKNOWN]
