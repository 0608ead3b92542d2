import pytest

from careloom.model.errors import InvalidError
from careloom.search.escaping import escape, shown, split, unescape


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a,b", ["a", "b"]),
        (r"a\,b", [r"a\,b"]),
        (r"a\\,b", [r"a\\", "b"]),
        (r"a\\\,b", [r"a\\\,b"]),
        ("a,,b", ["a", "", "b"]),
        (",", ["", ""]),
        ("", [""]),
        ("a\\", ["a\\"]),
        ("a\n\\,\n,b", ["a\n\\,\n", "b"]),
    ],
)
def test_only_a_separator_without_backslash_separates(text: str, pieces: list[str]) -> None:
    assert pieces == split(text, ",")


@pytest.mark.parametrize(
    ("escaped", "plain"), [("a", "a"), (r"a\,b\|c\$d\\e", r"a,b|c$d\e"), (r"\\\\", r"\\"), (r"\\,", r"\,")]
)
def test_escapes_are_taken_off_and_put_back(escaped: str, plain: str) -> None:
    assert plain == unescape(escaped)
    assert plain == unescape(escape(plain))


@pytest.mark.parametrize("text", [r"xx\xx", "\\", "a\\", r"\\\x", "\\\n"])
def test_a_backslash_before_anything_else_is_an_error(text: str) -> None:
    with pytest.raises(InvalidError, match="backslash"):
        unescape(text)


def test_what_a_message_shows_is_short_and_can_be_written_as_json() -> None:
    assert "'\\ud800\\x00'" == shown("\ud800\0")
    assert 103 == len(shown("x" * 10_000))
