import pytest

from careloom.fhirpath.parser import DEEPEST, parse
from careloom.model.errors import MalformedError


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("1 + 2 * 3", "1 + (2 * 3)"),
        ("1 * 2 + 3", "(1 * 2) + 3"),
        ("1 - 2 - 3", "(1 - 2) - 3"),
        ("-1.abs()", "-(1.abs())"),
        ("-1 * 2", "(-1) * 2"),
        ("a | b is Quantity", "a | (b is Quantity)"),
        ("a = b | c", "a = (b | c)"),
        ("a < b = c", "(a < b) = c"),
        ("a = b in c", "(a = b) in c"),
        ("a in b and c", "(a in b) and c"),
        ("a and b or c", "(a and b) or c"),
        ("a or b implies c", "(a or b) implies c"),
        ("a implies b implies c", "(a implies b) implies c"),
        ("a.b[0].c", "((a.b)[0]).c"),
    ],
)
def test_operators_bind_as_the_specification_has_it(text: str, grouped: str) -> None:
    assert parse(grouped) == parse(text)


@pytest.mark.parametrize(
    "text", ["contains.code", "repeat(contains)", "a.is", "as", "text.div", "a.and.or", "text.`div`"]
)
def test_words_of_operators_may_name_elements(text: str) -> None:
    assert parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an operand expected, the end found, at line 1, column 1"),
        ("a.", "a name expected, the end found, at line 1, column 3"),
        ("a\n and\n  )", "an operand expected, ')' found, at line 3, column 3"),
        ("f(1", "')' expected, the end found, at line 1, column 4"),
        ("a b", "the end, an operator or a dot expected, 'b' found, at line 1, column 3"),
        ("'abc", "text that no quote ends, at line 1, column 1"),
        ("2 /* 3", "comment without an end, at line 1, column 3"),
        (r"'\q'", r"\q is not an escape sequence, at line 1, column 1"),
        ("@2015-02-30", "@2015-02-30 is not in the calendar, at line 1, column 1"),
        ("#", "'#' is not part of the language here, at line 1, column 1"),
        ("99999999999999999999", "an integer of more than 64 bits, at line 1, column 1"),
        ("a is 1", "the name of a type expected, '1' found, at line 1, column 6"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, message: str) -> None:
    with pytest.raises(MalformedError) as raised:
        parse(text)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    "text", ["(" * 10_000, "(" * 10_000 + "1" + ")" * 10_000, "-" * 10_000 + "1", "f(" * 10_000, "a[" * 10_000]
)
def test_nesting_without_end_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match=f"nested more than {DEEPEST} levels deep"):
        parse(text)


def test_escapes_stand_for_characters() -> None:
    assert parse(r"'\'\"\`\\\/\n\t\r\f\u0041'") == parse("'\\'\"`\\\\/\\n\\t\\r\\fA'")


def test_comments_and_white_space_do_not_matter() -> None:
    assert parse("a.b + 1") == parse("a // first\n . b /* then\n more */ + 1")
