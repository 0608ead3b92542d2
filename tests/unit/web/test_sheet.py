import pytest

from careloom.definitions import Definitions
from careloom.model.issues import Issue, Severity
from careloom.validation import Report
from careloom.web.sheet import MOST_ISSUES, MOST_LINES, Gap, Line, Sheet, counted, sheet, shown, verdict


def issue(line: int = 1, column: int = 1, severity: Severity = "error", text: str = "wrong") -> Issue:
    return Issue(severity, "invalid", text, "Patient.gender", "binding").at(line, column)


@pytest.fixture
def laid(definitions: Definitions) -> "Layout":
    return Layout(definitions)


class Layout:
    """Lays texts with issues out."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions

    def __call__(self, text: str, *issues: Issue) -> Sheet:
        report = Report("", text, {"resourceType": "Patient"}, issues)
        return sheet(report, text, self.definitions)


def lines(made: Sheet) -> list[Line]:
    return [row for row in made.rows if isinstance(row, Line)]


def texts(made: Sheet) -> list[str]:
    return ["".join(piece.text for piece in row.pieces) for row in lines(made)]


def test_an_issue_is_on_its_line_and_its_word_is_marked(laid: Layout) -> None:
    made = laid('{\n  "gender": "boy", "x": 1\n}', issue(2, 13))
    assert [[], [1], []] == [[view.number for view in row.issues] for row in lines(made)]
    assert [('  "gender": ', False), ('"boy"', True), (', "x": 1', False)] == [
        (piece.text, piece.is_marked) for piece in lines(made)[1].pieces
    ]


def test_every_line_is_there_whatever_ends_it(laid: Layout) -> None:
    assert ["a", "b", "c", "", "d"] == texts(laid("a\nb\r\nc\r\rd\n"))


def test_line_separators_that_json_does_not_know_end_no_line(laid: Layout) -> None:
    assert 2 == len(texts(laid("a\u2028b\x0bc\x85d\ne")))


def test_issues_are_numbered_in_the_order_of_the_source(laid: Layout) -> None:
    made = laid("a\nb\nc", issue(3, text="third"), issue(1, text="first"), issue(2, text="second"))
    assert [(1, "first"), (2, "second"), (3, "third")] == [(view.number, view.message) for view in made.issues]


def test_the_worst_issue_colours_its_line(laid: Layout) -> None:
    made = laid(
        "a\nb\nc",
        issue(1, severity="information"),
        issue(1, severity="warning"),
        issue(2),
        issue(2, severity="warning"),
    )
    assert ["yellow", "red", ""] == [row.colour for row in lines(made)]


def test_severities_differ_by_shape_and_word_and_not_by_colour_alone(laid: Layout) -> None:
    severities: tuple[Severity, ...] = ("error", "warning", "information")
    made = laid("a", *(issue(severity=severity) for severity in severities))
    assert 3 == len({view.mark.shape for view in made.issues}) == len({view.mark.text for view in made.issues})


def test_of_a_long_source_what_is_around_its_issues_is_shown(laid: Layout) -> None:
    made = laid("x\n" * (MOST_LINES + 1000), issue(1500), issue(1502))
    assert [row.number for row in lines(made)] == [*range(1, 8), *range(1494, 1509)]
    assert [Gap(8, 1493), Gap(1509, MOST_LINES + 1000)] == [row for row in made.rows if isinstance(row, Gap)]


def test_of_very_many_issues_the_first_are_shown_and_the_rest_counted(laid: Layout) -> None:
    made = laid("x", *(issue() for _ in range(MOST_ISSUES + 5)))
    assert (MOST_ISSUES, 5) == (len(made.issues), made.left_out)
    assert f"Not valid: {MOST_ISSUES + 5} errors" == made.mark.text


def test_a_place_that_is_not_in_the_source_marks_nothing(laid: Layout) -> None:
    made = laid("a", issue(0, 0), issue(9, 1), issue(1, 50))
    assert [3] == [len(made.issues)]
    assert not any(piece.is_marked for row in lines(made) for piece in row.pieces)


def test_a_line_without_end_is_cut(laid: Layout) -> None:
    assert len(texts(laid("x" * 1_000_000, issue(1, 900_000)))[0]) < 5_000


def test_an_issue_brings_its_rule_and_its_element(laid: Layout) -> None:
    view = laid("a", issue()).issues[0]
    assert view.explained and view.element
    assert "Patient.gender" == view.element.id
    assert view.explained.title


def test_text_cannot_steer_its_display() -> None:
    assert "a\N{REPLACEMENT CHARACTER}b\tc\N{REPLACEMENT CHARACTER}" == shown("a\u202eb\tc\x1b")


@pytest.mark.parametrize(
    ("severities", "told"),
    [
        ([], "Valid"),
        (["information"], "Valid"),
        (["warning", "warning"], "Valid, with 2 warnings"),
        (["error", "fatal", "warning"], "Not valid: 2 errors, 1 warning"),
    ],
)
def test_the_verdict_is_told_in_words(severities: list[Severity], told: str) -> None:
    assert told == verdict([issue(severity=severity) for severity in severities]).text


def test_numbers_are_readable() -> None:
    assert "80,001 errors" == counted(80_001, "error")
