"""Narratives: the elements, attributes and links that may be shown."""

import pytest
from tests.unit.validation.builders import errors, judge, patient

from careloom.definitions import Definitions
from careloom.validation import Validator


def told(definitions: Definitions, inside: str) -> list[str]:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>'
    return errors(judge(definitions, patient(text={"status": "generated", "div": div})))


@pytest.mark.parametrize(
    "inside",
    [
        "<p style='color: red' class='c' id='i' xml:lang='en'>a</p>",
        "<table border='1' cellpadding='2'><tr><td colspan='2' nowrap='nowrap'>a</td></tr></table>",
        "<img src='https://example.org/a.png' alt='a' width='3'/>",
        "<img src='#here' alt='a'/><p id='here'>a</p>",
        "<a href='mailto:a@b.org' title='t'>a</a>",
        "<ol><li>a<ul><li>b</li></ul></li></ol>",
    ],
)
def test_what_html_4_has_may_be_there(definitions: Definitions, inside: str) -> None:
    assert told(definitions, inside) == []


def test_a_link_may_be_the_urn_of_a_resource_at_hand_and_no_other(definitions: Definitions) -> None:
    urn = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{urn}">a</a></div>'
    linked = patient(text={"status": "generated", "div": div})
    validator = Validator(definitions)
    assert errors(validator.validate(linked, resolve=lambda address: patient() if address == urn else None)) == []
    assert len(errors(validator.validate(linked, resolve=lambda _: None))) == 1


@pytest.mark.parametrize(
    ("inside", "what"),
    [
        ("<p onclick='x()'>a</p>", "onclick found on p"),
        ("<p data-x='1'>a</p>", "data-x found on p"),
        ("<script>x()</script>a", "script found"),
        ("<img src='javascript:x()' alt='a'/>", "'javascript:x()' found"),
        ("<a href='javascript:x()'>a</a>", "'javascript:x()' found"),
    ],
)
def test_what_could_do_harm_is_told(definitions: Definitions, inside: str, what: str) -> None:
    (message,) = told(definitions, inside)
    assert what in message


@pytest.mark.parametrize(
    ("inside", "what"),
    [
        ("<u>a</u>", "u found"),
        ("<ins>a</ins>", "ins found"),
        ("<table bgcolor='red'><tr><td>a</td></tr></table>", "bgcolor found on table"),
        ("<a href='b.html' target='_blank'>a</a>", "target found on a"),
        ("<p start='1'>a</p>", "start found on p"),
        ("<li>a</li>", "li expected in ol or ul only, found in div"),
        ("<table><td>a</td></table>", "td found"),
        ("<ul>a</ul>", "li expected in ul, text found"),
        ("<ul><ul><li>a</li></ul></ul>", "li expected in ul, ul found"),
        ("<p><table><tr><td>a</td></tr></table></p>", "p without table in it expected"),
        ("<p><p>a</p></p>", "p without p in it expected"),
        ("<a href='b.html'><a href='c.html'>a</a></a>", "a without a in it expected"),
    ],
)
def test_elements_and_attributes_stand_where_html_has_them(definitions: Definitions, inside: str, what: str) -> None:
    (message,) = told(definitions, inside)
    assert what in message


@pytest.mark.parametrize(
    ("address", "is_fine"),
    [
        ("b.html", True),
        ("https://somewhere.test/%20?a=b|c", True),
        ("#here", True),
        ("", False),
        ("https://somewhere.test/a b", False),
        ("https://somewhere.test/{id}", False),
        ("#there", False),
        ("urn:oid:1.2.3", False),
        ("JavaScript:x()", False),
        ("data:x", False),
    ],
)
def test_a_link_can_be_followed(definitions: Definitions, address: str, is_fine: bool) -> None:
    assert (told(definitions, f"<a href='{address}' id='here'>a</a>") == []) is is_fine


def test_a_space_that_does_not_break_is_content(definitions: Definitions) -> None:
    assert told(definitions, "&#160;") == []
    assert told(definitions, " \n") == ["Patient.text.div: txt-2: some content expected, none found"]
