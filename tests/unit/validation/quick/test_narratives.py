"""Which narratives are known to be fine without a tree of them."""

import pytest

from careloom.validation.quick.narratives import is_evidently_fine


def div(inside: str) -> str:
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>'


@pytest.mark.parametrize(
    "inside",
    [
        "a",
        "<p>José &amp; Ann&#160;owe £5 - <b>now</b><br/></p>",
        "<table border='1' class='grid'><thead><tr><th colspan='2'>a</th></tr></thead>\n<tr><td>b</td></tr></table>",
        "<ol><li>a<ul><li>b</li></ul></li></ol><hr/><h2 id='h'>c</h2>",
    ],
)
def test_usual_narratives_are(inside: str) -> None:
    assert is_evidently_fine(div(inside))


@pytest.mark.parametrize(
    "inside",
    [
        "",
        " \n",
        "<a href='b.html'>a</a>",
        "<img src='#here' alt='a'/>",
        "<p onclick='x()'>a</p>",
        "<script>a</script>",
        "<p><ul><li>a</li></ul></p>",
        "<ul>a<li>b</li></ul>",
        "<p>a",
        "&nbsp;a",
        "a<!-- b -->",
        "<div>" * 200 + "a" + "</div>" * 200,
        "a" * 100_000,
    ],
)
def test_others_are_left_to_the_interpreter(inside: str) -> None:
    assert not is_evidently_fine(div(inside))


def test_so_is_what_is_no_div_of_the_namespace() -> None:
    assert not is_evidently_fine("<div>a</div>")
    assert not is_evidently_fine('<p xmlns="http://www.w3.org/1999/xhtml">a</p>')
    assert not is_evidently_fine(7)
