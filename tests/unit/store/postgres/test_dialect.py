import pytest

from careloom.store.postgres.blocks import KEPT_IN
from careloom.store.postgres.dialect import POSTGRES, types_of
from careloom.store.sql.tables import COLUMNS
from careloom.store.upkeep.tables import TABLES


def test_a_comparison_of_long_texts_is_helped_by_what_the_index_holds() -> None:
    found = POSTGRES.compared("folded", "<", "x" * 600)
    assert found.text == "substr(folded, 1, 500) <= ? AND folded < ?"
    assert found.values == ("x" * 500, "x" * 600)


@pytest.mark.parametrize(
    ("words", "query"),
    [(["seen", "it*"], "'seen' & 'it':*"), (["o'neil"], "'o''neil'"), (["a\\b"], "'a\\\\b'"), (["!&|()"], "'!&|()'")],
)
def test_nothing_in_a_word_is_an_operator(words: list[str], query: str) -> None:
    assert POSTGRES.words(words).values == (query,)


def test_rows_are_appended_with_the_types_that_are_carried() -> None:
    carried = {table.name: tuple(table.columns.values()) for table in TABLES}
    for table in COLUMNS.keys() - {"fts", *KEPT_IN}:
        assert types_of(table) == carried[table], table
    assert types_of("tok_block") == (*carried["tok"], "smallint[]")
