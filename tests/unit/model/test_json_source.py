"""The patient reader: values, places and faults."""

from decimal import Decimal

import pytest

from careloom.model.json import parse_json
from careloom.model.json_keys import has_duplicate_keys
from careloom.model.json_reader import MAX_DEPTH, MAX_FAULTS
from careloom.model.json_source import JsonSource, read_source

PATIENT = b"""{
  "resourceType": "Patient",
  "name": [
    {"family": "Okafor", "given": ["Ada", "Ngozi"]}
  ],
  "birthDate": "1970-01-01",
  "_birthDate": {"extension": [{"url": "http://example.org/x", "valueString": "y"}]},
  "multipleBirthInteger": 2
}"""


def faults(text: str | bytes, *, allow_comments: bool = False) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    return [issue.diagnostics for issue in read_source(data, allow_comments=allow_comments).issues]


def test_well_formed_text_reads_as_the_fast_reader_reads_it() -> None:
    assert read_source(PATIENT).value == parse_json(PATIENT)
    assert read_source(PATIENT).issues == ()


def test_decimals_keep_their_digits() -> None:
    value = read_source(b'{"value": 1.00}').value["value"]
    assert isinstance(value, Decimal)
    assert value.text == "1.00"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ("Patient", (1, 1)),
        ("Patient.name", (3, 11)),
        ("Patient.name[0]", (4, 5)),
        ("Patient.name[0].given[1]", (4, 43)),
        ("Patient.birthDate", (6, 16)),
        ("Patient.birthDate.extension[0].value", (7, 79)),
        ("Patient.multipleBirth", (8, 27)),
        ("Patient.multipleBirth.ofType(integer)", (8, 27)),
        ("Patient.contact[3].name", (1, 1)),
    ],
)
def test_an_expression_finds_its_line_and_column(expression: str, place: tuple[int, int]) -> None:
    assert read_source(PATIENT).locate(expression) == place


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"a": 1,}', "a comma too many before the closing bracket"),
        ('{"a": [1,,2]}', "a comma too many"),
        ('{"a": 1 "b": 2}', "a comma is missing"),
        ('{"a" 1}', "a colon is missing after 'a'"),
        ('{"a": 1, "a": 2}', "the property 'a' is given twice"),
        ("{'a': 1}", "the property name a must stand in double quotes"),
        ("{a: 1}", "the property name a must stand in double quotes"),
        ("{\"a\": 'b'}", "a text must stand in double quotes"),
        ('{"a": .5}', ".5 is not a number as JSON writes them"),
        ('{"a": 0x1F}', "0x1F is not a number as JSON writes them"),
        ('{"a": NaN}', "the text NaN must stand in double quotes"),
        ('{"a": 1 /* one */}', "comments are not allowed in JSON"),
        ('{"a": "b\\q"}', "\\q is no escape of JSON"),
        ('{"a": "\\ud800"}', "half of a surrogate pair stands alone"),
        ('{"a": "x\x00y"}', "control characters in a text must be written as escapes"),
    ],
)
def test_a_fault_is_told_and_reading_goes_on(text: str, fault: str) -> None:
    source = read_source(text.encode())
    assert [issue.diagnostics for issue in source.issues] == [fault]
    assert source.is_complete
    assert "a" in source.value


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "an object expected, nothing found"),
        ('{"a": [1}', "']' expected, '}' found"),
        ('{"a": [1', "the text ends before its ']'"),
        ('{"a": "b', "a text is not closed: its quotation mark is missing on this line"),
        ('{"a": #}', "'#' has no place in JSON"),
        ('{"a": \x00}', "a NUL character has no place in JSON"),
        ("{} {}", "nothing more expected after the end of the document"),
        ("]", "']' closes nothing"),
    ],
)
def test_brackets_that_make_no_sense_end_the_reading(text: str, fault: str) -> None:
    source = read_source(text.encode())
    assert [issue.diagnostics for issue in source.issues] == [fault]
    assert not source.is_complete


def test_comments_may_be_allowed() -> None:
    assert faults('// top\n{"a": 1 /* one */}', allow_comments=True) == []


def test_a_fault_names_line_column_and_element() -> None:
    issue = read_source(b'{\n  "resourceType": "Patient",\n  "name": [{"given": ["Ada",]}]\n}').issues[0]
    assert (issue.line, issue.column, issue.expression) == (3, 28, "Patient.name[0].given")


def test_bytes_that_are_not_utf_8_are_a_fault() -> None:
    assert faults(b'{"a": "\xff"}')[0].startswith("the text is not UTF-8: byte 0xFF")


def test_a_surrogate_pair_written_as_two_escapes_is_one_character() -> None:
    assert read_source(b'{"a": "\\ud83d\\ude00"}').value == {"a": "\U0001f600"}


def test_ten_thousand_levels_are_read_without_recursion() -> None:
    depth = 10_000
    source = read_source(b'{"a":' * depth + b"1" + b"}" * depth)
    assert source.is_complete


def test_nesting_without_end_is_given_up() -> None:
    source = read_source(b"[" * (MAX_DEPTH + 1))
    assert [issue.diagnostics for issue in source.issues] == ["at most 100000 levels of nesting expected, more found"]


def test_faults_without_end_are_given_up() -> None:
    source = read_source(b"[" + b"," * 1_000_000)
    assert len(source.issues) == MAX_FAULTS + 1
    assert not source.is_complete


def test_the_line_of_an_issue_can_be_shown() -> None:
    source: JsonSource = read_source(PATIENT)
    assert source.line(6) == '  "birthDate": "1970-01-01",'
    assert source.line(99) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"a": 1, "a": 2}', True),
        (b'{"a": {"b": ":", "c": "\\":"}}', False),
        (b'{"a": [{"b": 1}, {"b": 1, "b": 1}]}', True),
    ],
)
def test_duplicate_keys_are_counted_without_a_second_reading(text: bytes, expected: bool) -> None:
    assert has_duplicate_keys(text, parse_json(text)) is expected
