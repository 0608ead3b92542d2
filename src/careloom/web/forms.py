"""What a browser sends when a form is filled in: ``multipart/form-data``, read whole and never kept.

Source: RFC 7578, and the form submission algorithm of WHATWG HTML.
"""

import re
from collections.abc import Mapping

from starlette.requests import Request

from careloom.model.errors import CareloomError, MalformedError
from careloom.model.records import dataclass

_BOUNDARY = re.compile(r'multipart/form-data\s*;.*?\bboundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_NAME = re.compile(rb'\bname="([^"]*)"')
_FILE = re.compile(rb'\bfilename="([^"]*)"')
_MOST_PARTS = 20
_MOST_DRAINED = 32
"""Times the limit that is read on and thrown away, so that a browser hears the answer and not a broken connection."""


class FormTooLargeError(CareloomError):
    """More was sent than is read."""

    code = "too-long"


@dataclass(frozen=True, slots=True)
class Field:
    """What was entered in one field, or the file that was chosen for it."""

    data: bytes
    file_name: str = ""

    @property
    def text(self) -> str:
        """The entry as text."""
        return self.data.decode("utf-8", "replace")


Form = Mapping[str, Field]


async def receive_form(request: Request, limit: int) -> Form:
    """The fields of a form by name; the first of several with one name.

    Args:
        request: Not read yet.
        limit: Bytes that the whole of it may have.

    Raises:
        FormTooLargeError: It has more.
        MalformedError: It is no multipart form.
    """
    found = _BOUNDARY.match(request.headers.get("content-type", ""))
    if not found:
        told = request.headers.get("content-type", "nothing")
        raise MalformedError(f"a form as multipart/form-data expected, found {told!r}")
    return parse_form(await _body(request, limit), (found[1] or found[2]).encode("latin-1"))


def parse_form(body: bytes, boundary: bytes) -> Form:
    """Take a multipart body apart.

    Raises:
        MalformedError: It does not begin or end with its boundary, or a part of it has no name.
    """
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary, _MOST_PARTS + 2)
    if len(parts) < 2 or not parts[-1].startswith(b"--"):
        raise MalformedError(f"a form of at most {_MOST_PARTS} fields that ends with its boundary expected")
    form: dict[str, Field] = {}
    for part in parts[1:-1]:
        head, _, data = part.partition(b"\r\n\r\n")
        name, file_name = _NAME.search(head), _FILE.search(head)
        if not name:
            raise MalformedError("a field of the form has no name")
        form.setdefault(
            name[1].decode("utf-8", "replace"),
            Field(data, file_name[1].decode("utf-8", "replace") if file_name else ""),
        )
    return form


async def _body(request: Request, limit: int) -> bytes:
    data, length = bytearray(), 0
    async for chunk in request.stream():
        length += len(chunk)
        if length <= limit:
            data += chunk
        elif length > limit * _MOST_DRAINED:
            break
    if length > limit:
        raise FormTooLargeError(f"the form has more than {limit} bytes, which is the most that is read")
    return bytes(data)
