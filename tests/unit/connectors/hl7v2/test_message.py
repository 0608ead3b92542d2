"""Messages are divided as the standard says, and come out as they went in; `hl7` is the oracle."""

import hl7
import pytest

from careloom.connectors.hl7v2 import parse
from careloom.connectors.hl7v2.delimiters import USUAL
from careloom.connectors.hl7v2.escapes import escaped, unescaped
from careloom.model.errors import MalformedError

ADMISSION = (
    "MSH|^~\\&|MERIDIAN|NORTH|HUB|REGION|20261122101500||ADT^A01^ADT_A01|M-1|P|2.5.1|||AL|NE||UNICODE UTF-8\r"
    "EVN||20261122101400\r"
    "PID|1||9990548609^^^NHS^NH~A-1^^^MERIDIAN^MR||Okafor&van^Ada^Grace Jane^^Dr^^L||19870312|F\r"
    "PV1|1|I|W5^R2^B1^NORTH||||G1^Shah^Priya^^^Dr^^^GMC\r"
    "ZPV|own|\\T\\ more|a~b^c&d\r"
)


def test_a_message_comes_out_as_it_went_in_z_segments_and_escapes_too() -> None:
    assert str(parse(ADMISSION.encode())) == ADMISSION


@pytest.mark.parametrize("place", [(3, 3, 0, 0), (3, 5, 0, 1), (4, 3, 0, 3), (5, 3, 1, 0), (1, 9, 0, 1)])
def test_parts_are_those_that_another_reader_finds(place: tuple[int, int, int, int]) -> None:
    number, field, repetition, component = place
    ours = parse(ADMISSION.encode()).segments[number - 1].repetitions(field)[repetition].component(component + 1)
    theirs = hl7.parse(ADMISSION)[number - 1](field)
    theirs = theirs[repetition] if isinstance(theirs, hl7.Field) and len(theirs) > repetition else theirs
    found = theirs[component] if isinstance(theirs, hl7.Repetition) else theirs
    found = found[0] if isinstance(found, hl7.Component) else found
    assert ours == str(found)


def test_fields_are_counted_as_the_standard_counts_them() -> None:
    header = parse(ADMISSION.encode()).header
    assert (header.value(1).raw, header.value(2).raw, header.value(10).text) == ("|", "^~\\&", "M-1")


def test_what_is_not_there_is_empty() -> None:
    message = parse(ADMISSION.encode())
    assert message.first("NK1").value(3).component(2) == ""
    assert message.first("PID").value(99).component(1, 5) == ""
    assert message.first("PID").repetitions(99) == []


def test_a_null_is_told_from_nothing() -> None:
    patient = parse(b'MSH|^~\\&|A\rPID|||1||""|x\r').first("PID")
    assert (patient.value(5).is_null, patient.value(7).is_null) == (True, False)
    assert patient.value(5).component(1) == ""


@pytest.mark.parametrize("ending", [b"\r", b"\n", b"\r\n", b"\r\r", b"\n\r"], ids=repr)
def test_segments_may_end_in_what_is_seen_in_the_field(ending: bytes) -> None:
    data = ADMISSION.encode().replace(b"\r", ending)
    assert [segment.name for segment in parse(data).segments] == ["MSH", "EVN", "PID", "PV1", "ZPV"]


def test_delimiters_are_those_of_the_message() -> None:
    message = parse(b"MSH*!@%$*A*B\rPID***1!2$3@4\r")
    assert [value.component(2, 2) for value in message.first("PID").repetitions(3)] == ["3", ""]
    assert str(message) == "MSH*!@%$*A*B\rPID***1!2$3@4\r"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "nothing found"),
        (b"\r\n", "nothing found"),
        (b"PID|1\r", "beginning with MSH expected"),
        (b"MSH", "four encoding characters expected"),
        (b"MSH|^~\\\r", "four encoding characters expected"),
        (b"MSH|^^\\&|\r", "different characters expected"),
        (b"MSH|^~A&|\r", "no letters"),
        (b"MSH|^~\\&|A\rP|1\r", "segment 2: a name of three"),
        (b"MSH|^~\\&|A\r|1\r", "segment 2: a name of three"),
        (b"MSH|^~\\&" + b"|" * 16 + b"KLINGON\r", "table 0211"),
        (b"MSH|^~\\&" + b"|" * 16 + b"ASCII\rPID|\xe9\r", "no character of it"),
    ],
)
def test_what_is_no_message_is_refused_with_a_reason(data: bytes, told: str) -> None:
    with pytest.raises(MalformedError, match=told):
        parse(data)


@pytest.mark.parametrize(
    ("charset", "codec"),
    [("UNICODE UTF-8", "utf-8"), ("8859/1", "latin-1"), ("8859/15", "iso8859-15"), ("", "utf-8"), ("", "cp1252")],
)
def test_text_is_read_in_the_character_set_of_the_header(charset: str, codec: str) -> None:
    data = f"MSH|^~\\&{'|' * 16}{charset}\rPID|||||Zoë\r".encode(codec)
    assert parse(data).first("PID").value(5).text == "Zoë"


def test_a_byte_order_mark_is_put_up_with() -> None:
    assert parse(b"\xef\xbb\xbf" + ADMISSION.encode()).control_id == "M-1"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Marks \\T\\ Spencer", "Marks & Spencer"),
        ("a\\F\\b\\S\\c\\R\\d\\E\\e", "a|b^c~d\\e"),
        ("one\\.br\\two", "one\ntwo"),
        ("\\H\\bold\\N\\", "bold"),
        ("\\X48656C6C6F\\", "Hello"),
        ("M\\XFC\\ller and M\\XC3BC\\ller", "Müller and Müller"),
        ("a\\X00\\b", "a\\X00\\b"),
        ("\\Q\\ and C:\\temp", "\\Q\\ and C:\\temp"),
    ],
)
def test_escapes_are_read(written: str, meant: str) -> None:
    assert unescaped(written, USUAL) == meant


@pytest.mark.parametrize("text", ["a|b^c&d~e\\f", "one\ntwo", "plain", "", "\\T\\"])
def test_what_is_escaped_reads_as_it_was(text: str) -> None:
    assert unescaped(escaped(text, USUAL), USUAL) == text


def test_an_escaped_delimiter_divides_nothing() -> None:
    value = parse(b"MSH|^~\\&|A\rPID|||||Smith\\S\\Jones^Ann\r").first("PID").value(5)
    assert (value.component(1), value.component(2)) == ("Smith^Jones", "Ann")


@pytest.mark.parametrize("is_named_only", [True, False])
def test_characters_that_framing_bytes_may_be_part_of_are_refused(is_named_only: bool) -> None:
    text = ADMISSION.replace("UNICODE UTF-8", "UNICODE UTF-16")
    with pytest.raises(MalformedError, match="single bytes expected"):
        parse(text.encode("utf-8" if is_named_only else "utf-16"))
