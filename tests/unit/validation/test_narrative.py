"""Narratives: the elements, attributes and links that may be shown."""

import pytest
from tests.unit.validation.builders import errors, judge, patient

from careloom.definitions import Definitions


def told(definitions: Definitions, inside: str) -> list[str]:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>'
    return errors(judge(definitions, patient(text={"status": "generated", "div": div})))


@pytest.mark.parametrize(
    "inside",
    [
        "<p style='color: red' class='c' id='i' xml:lang='en'>a</p>",
        "<table border='1' cellpadding='2'><tr><td colspan='2' nowrap='nowrap'>a</td></tr></table>",
        "<img src='https://example.org/a.png' alt='a' width='3'/>",
        "<img src='#contained' alt='a'/>",
        "<a href='mailto:a@b.org' title='t'>a</a>",
        "<ol start='3' type='i'><li value='4'>a</li></ol>",
    ],
)
def test_what_html_4_has_may_be_there(definitions: Definitions, inside: str) -> None:
    assert told(definitions, inside) == []


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
