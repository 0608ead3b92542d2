import pytest
from tests.unit.web.browser import BOUNDARY, form

from careloom.model.errors import MalformedError
from careloom.web.forms import Field, parse_form

EDGE = BOUNDARY.encode()


def test_fields_and_files_come_by_name() -> None:
    body = form(source="{}\r\n", profile="é", file=("a.json", b"\r\n--\x00\xff"))
    assert parse_form(body, EDGE) == {
        "source": Field(b"{}\r\n"),
        "profile": Field("é".encode()),
        "file": Field(b"\r\n--\x00\xff", "a.json"),
    }


def test_of_several_fields_with_one_name_the_first_counts() -> None:
    twice = form(source="a").removesuffix(f"--{BOUNDARY}--\r\n".encode()) + form(source="b")
    assert parse_form(twice, EDGE)["source"].text == "a"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"source=x",
        b"--" + EDGE,
        form(source="x")[:-30],
        f"--{BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nx\r\n--{BOUNDARY}--".encode(),
        form(source="x") * 40,
    ],
    ids=["empty", "no parts", "no end", "cut", "no name", "too many"],
)
def test_what_is_no_whole_form_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_form(body, EDGE)


def test_text_that_is_not_utf_8_is_read_with_marks() -> None:
    assert Field(b"a\xff").text == "a\N{REPLACEMENT CHARACTER}"
