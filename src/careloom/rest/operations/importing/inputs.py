"""Where the lines of an import come from: files of the folder that the settings name, or data sent along.

Nothing is fetched from another address: whoever may import could otherwise have the hub ask others in its name.
"""

from base64 import b64decode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final

from careloom.model.errors import MalformedError, NotFoundError, NotSupportedError, TooCostlyError
from careloom.model.parameters import Inputs, Part, parts_of
from careloom.model.records import dataclass
from careloom.rest.hub import Hub
from careloom.rest.operation import Parameter

MOST_INPUTS: Final = 1_000
_NDJSON: Final = frozenset({"application/fhir+ndjson", "application/ndjson", "ndjson"})

TAKES: Final = (
    Parameter("inputFormat", "code", about="application/fhir+ndjson, which is what is read in any case"),
    Parameter("inputSource", "uri", about="where the data comes from, for the record"),
    Parameter(
        "input",
        least=1,
        most="*",
        about="lines to import",
        parts=(
            Parameter("type", "code", about="the type that every line must have"),
            Parameter("url", "uri", about="a file in the folder for imports, by its name"),
            Parameter("data", "base64Binary", about="the lines themselves, in place of a file"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Source:
    """Lines to import.

    Attributes:
        name: As messages and the report call it.
        type: The type that every line must have; empty for any.
        path: The file; None where the data was sent.
        data: What was sent.
    """

    name: str
    type: str
    path: Path | None = None
    data: bytes = b""

    def lines(self, longest: int) -> Iterator[tuple[int, bytes]]:
        """Number and text of each line that is not empty; blocks.

        A line over the ceiling comes as its beginning, one byte too long, so that it can be told and passed over.

        Args:
            longest: Bytes of a line at most.
        """
        with self._opened() as file:
            number = 0
            while line := file.readline(longest + 1):
                number += 1
                if len(line) > longest and not line.endswith(b"\n"):
                    _skip_line(file, longest)
                if line.strip():
                    yield number, line

    def _opened(self) -> BinaryIO:
        return BytesIO(self.data) if self.path is None else self.path.open("rb")


def read_sources(given: Inputs, hub: Hub) -> list[Source]:
    """What a request wants imported.

    Raises:
        MalformedError: An input without file and data, or with both; a format that is not read.
        NotSupportedError: A file is named, and the hub has no folder for imports, or it is an address elsewhere.
        NotFoundError: There is no such file in the folder.
        TooCostlyError: More inputs than are read.
    """
    format = given.text("inputFormat").replace(" ", "+")
    if format and format not in _NDJSON:
        raise MalformedError(f"inputFormat: application/fhir+ndjson expected, found {format[:80]!r}")
    parts = list(given.parts("input"))
    if len(parts) > MOST_INPUTS:
        raise TooCostlyError(f"input: at most {MOST_INPUTS} are read by one import, found {len(parts)}")
    return [_source(number, part, hub) for number, part in enumerate(parts, 1)]


def _source(number: int, part: Part, hub: Hub) -> Source:
    inner = Inputs({"resourceType": "Parameters", "parameter": list(parts_of(part.get("part")))})
    type, url, data = inner.text("type"), inner.text("url"), inner.text("data")
    if type and type not in hub.routes.types:
        raise MalformedError(f"input.type: a resource type that the hub holds expected, found {type[:80]!r}")
    if bool(url) == bool(data):
        raise MalformedError(f"input {number}: url or data expected, found {'both' if url else 'neither'}")
    if url:
        return Source(url, type, _file(url, hub))
    try:
        return Source(f"input {number}", type, data=b64decode(data, validate=True))
    except ValueError as error:
        raise MalformedError(f"input {number}: data: base64 expected") from error


def _file(url: str, hub: Hub) -> Path:
    """The file in the folder for imports that a name means, links followed."""
    if hub.import_folder is None:
        raise NotSupportedError("input.url: this hub has no folder for imports; operations.import_folder names it")
    name = url.removeprefix("file:").lstrip("/")
    if ":" in name:
        raise NotSupportedError(f"input.url: the name of a file in the folder for imports expected, found {url[:80]!r}")
    folder = hub.import_folder.resolve()
    path = (folder / name).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        raise NotFoundError(f"input.url: there is no file {url[:80]!r} in the folder for imports")
    return path


def _skip_line(file: Any, step: int) -> None:
    """Read on to the end of a line."""
    while (rest := file.readline(step)) and not rest.endswith(b"\n"):
        pass
