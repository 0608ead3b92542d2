import pytest

from careloom.model.errors import InvalidError
from careloom.store.postgres.connection import NUL, array, as_psycopg, server_of, storable


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT ? WHERE a = ?", "SELECT %s WHERE a = %s"),
        ("SELECT :tenant, :vid", "SELECT %(tenant)s, %(vid)s"),
        ("SELECT ?::bigint[], :a::text", "SELECT %s::bigint[], %(a)s::text"),
        ("SELECT '?', ':no', 'it''s ?', ?", "SELECT '?', ':no', 'it''s ?', %s"),
        ("a LIKE '%x%' AND 5 % 2 = 1", "a LIKE '%%x%%' AND 5 %% 2 = 1"),
    ],
)
def test_a_statement_is_written_as_psycopg_takes_it(sql: str, expected: str) -> None:
    assert as_psycopg(sql) == expected


def test_a_character_that_no_text_can_hold_is_replaced() -> None:
    assert storable(("a\0b", 1, b"\0")) == (f"a{NUL}b", 1, b"\0")
    assert storable({"x": "a\0", "y": None}) == {"x": f"a{NUL}", "y": None}


def test_values_without_it_stay_the_same_object() -> None:
    values = ("a", 1)
    assert storable(values) is values


def test_numbers_of_any_size_are_one_array() -> None:
    assert array([1, -(2**63), None]) == "{1,-9223372036854775808,NULL}"
    assert array([1.5, 0.0]) == "{1.5,0.0}"
    assert array(["a", "b"]) == ["a", "b"]


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://hub:secret@db.example:6432/record", "db.example:6432/record"),
        ("postgresql://hub@db.example/record?sslmode=verify-full", "db.example/record"),
        ("postgresql://one,two/record", "one,two/record"),
        ("postgresql:///record", "local socket/record"),
    ],
)
def test_a_place_is_told_without_user_and_password(url: str, place: str) -> None:
    server = server_of(url)
    assert (server.place, repr(server)) == (place, f"Server({place!r})")


def test_a_password_of_its_own_goes_before_that_of_the_address() -> None:
    assert "password=new" in server_of("postgresql://hub:old@db/record", password="new").conninfo
    assert "old" not in server_of("postgresql://hub:old@db/record", password="new").conninfo


def test_an_address_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(InvalidError) as told:
        server_of("postgresql://hub:secret@[half/record")
    assert "secret" not in str(told.value)
