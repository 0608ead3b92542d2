"""Parsing what a tree prints gives the same tree, whatever the tree."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from careloom.fhirpath.ast import (
    PRECEDENCE,
    Binary,
    Call,
    Constant,
    Index,
    Literal,
    Member,
    Sign,
    Special,
    Tree,
    TypeName,
    TypeOperation,
)
from careloom.fhirpath.parser import parse
from careloom.fhirpath.quantities import CALENDAR, Quantity
from careloom.fhirpath.temporal import parse_date, parse_date_time, parse_time

names = st.one_of(
    st.sampled_from(["name", "contains", "div", "is", "as", "in", "true", "implies", "a b", "é", "`\\`", "_x", "sort"]),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=5),
)
numbers = st.decimals(0, 10**6, places=3)
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 2**63 - 1),
    numbers,
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.builds(Quantity, numbers, st.sampled_from(["mg", "1", "mm[Hg]"])),
    st.builds(Quantity, numbers, st.sampled_from(sorted(CALENDAR)), is_calendar=st.just(True)),
    st.dates().map(lambda date: parse_date(date.isoformat())),
    st.datetimes().map(lambda moment: parse_date_time(f"{moment.isoformat(timespec='milliseconds')}+01:00")),
    st.sampled_from(["2015", "2015-02", "2015-02-04T10"]).map(parse_date_time),
    st.times().map(lambda time: parse_time(time.isoformat(timespec="seconds"))),
)
leaves: st.SearchStrategy[Tree] = st.one_of(
    st.builds(Literal, st.just(0), values),
    st.builds(Special, st.just(0), st.sampled_from(["this", "index", "total"])),
    st.builds(Constant, st.just(0), names),
    st.builds(Member, st.just(0), st.none(), names),
)
operators = st.sampled_from(sorted(PRECEDENCE.keys() - {"is", "as"}))
type_names = st.builds(TypeName, st.just(0), st.sampled_from(["", "FHIR", "System"]), names)


def below(trees: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.one_of(
        st.builds(Member, st.just(0), trees, names),
        st.builds(Call, st.just(0), st.none() | trees, names, st.lists(trees, max_size=3).map(tuple)),
        st.builds(Index, st.just(0), trees, trees),
        st.builds(Sign, st.just(0), st.sampled_from(["+", "-"]), trees),
        st.builds(Binary, st.just(0), operators, trees, trees),
        st.builds(TypeOperation, st.just(0), st.sampled_from(["is", "as"]), trees, type_names),
    )


@given(st.recursive(leaves, below, max_leaves=12))
def test_the_parse_of_a_printed_tree_is_the_tree(tree: Tree) -> None:
    assert parse(str(tree)) == tree


@given(st.text(max_size=40))
def test_any_text_is_parsed_or_refused_with_a_reason(text: str) -> None:
    from careloom.model.errors import MalformedError

    try:
        parse(text)
    except MalformedError as error:
        assert "line" in str(error)


def test_decimals_print_with_the_digits_they_have() -> None:
    assert str(Literal(0, Decimal("0.00000010"))) == "0.00000010"
