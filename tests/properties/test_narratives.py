"""What is seen of a narrative at one glance is what the interpreter finds by its tree."""

from hypothesis import given
from hypothesis import strategies as st

from careloom.definitions import Definitions
from careloom.validation import Validator
from careloom.validation.quick.narratives import is_evidently_fine
from careloom.validation.xhtml import ELEMENTS

NAMES = (*sorted(ELEMENTS), "u", "script", "x:p", "DIV")
ATTRIBUTES = (
    "",
    " class='c' style='color: red'",
    ' id="i"',
    " xml:lang='en'",
    " border='1'",
    " href='#i'",
    " onclick='x()'",
    " xmlns='http://www.w3.org/1999/xhtml'",
    " xmlns:x='http://www.w3.org/1999/xhtml'",
    " class='a' class='b'",
    " class=c",
)
TEXTS = (
    "a",
    " \t\n",
    "\N{NO-BREAK SPACE}",
    "£5 - José 東京",
    "&amp;&lt;",
    "&#160;",
    "&#xFFFE;",
    "&#0;",
    "&nbsp;",
    "&",
    "a < b",
    "]]>",
    "\x0b",
    "\ufffe",
    "\U0001f600",
    "\ud800",
    "<!-- a -->",
    "<![CDATA[a]]>",
    "<?a?>",
    "<br/>",
    "<br>",
    "</p>",
)


@st.composite
def elements(draw: st.DrawFn, inside: st.SearchStrategy[str]) -> str:
    name, attributes = draw(st.sampled_from(NAMES)), draw(st.sampled_from(ATTRIBUTES))
    return f"<{name}{attributes}>{draw(inside)}</{name}>"


def contents() -> st.SearchStrategy[str]:
    texts = st.sampled_from(TEXTS) | st.text(max_size=5)
    return st.recursive(texts, lambda inside: elements(inside) | st.lists(inside, max_size=3).map("".join))


ROOTS = (
    "<div xmlns='http://www.w3.org/1999/xhtml'>{}</div>",
    " <div xmlns=\"http://www.w3.org/1999/xhtml\" class='c'>{}</div>\n",
    "<div>{}</div>",
    "<p xmlns='http://www.w3.org/1999/xhtml'>{}</p>",
    "<div xmlns='http://www.w3.org/1999/xhtml'>{}</div>a",
    "\ufeff<div xmlns='http://www.w3.org/1999/xhtml'>{}</div>",
    "<!DOCTYPE div><div xmlns='http://www.w3.org/1999/xhtml'>{}</div>",
)


@given(root=st.sampled_from(ROOTS), content=contents())
def test_what_is_evidently_fine_is_fine(definitions: Definitions, root: str, content: str) -> None:
    div = root.format(content)
    if is_evidently_fine(div):
        patient = {"resourceType": "Patient", "text": {"status": "generated", "div": div}}
        assert Validator(definitions, quick=False).validate(patient) == []
