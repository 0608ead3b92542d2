"""Headers as they come over the wire: on several lines, and in UTF-8."""

import pytest

from careloom.rest.http import _headers


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([(b"prefer", b"return=minimal"), (b"prefer", b"respond-async")], {"prefer": "return=minimal, respond-async"}),
        (
            [(b"if-none-match", b'W/"1"'), (b"host", b"h"), (b"if-none-match", b'W/"2"')],
            {"if-none-match": 'W/"1", W/"2"', "host": "h"},
        ),
        ([(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")], {"authorization": "Bearer b"}),
        ([(b"if-none-exist", "name=M\u00fcller".encode())], {"if-none-exist": "name=M\u00fcller"}),
        ([(b"if-none-exist", "name=M\u00fcller".encode("latin-1"))], {"if-none-exist": "name=M\u00fcller"}),
        ([], {}),
    ],
    ids=["prefer", "tags", "no-list", "utf-8", "latin-1", "none"],
)
def test_headers(lines: list[tuple[bytes, bytes]], expected: dict[str, str]) -> None:
    assert _headers(lines) == expected
