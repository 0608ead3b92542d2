"""A CodeSystem file as a stream of concepts.

Two forms are read, each plain or compressed by gzip or zstandard:

* JSON: one CodeSystem resource, its concepts nested or flat;
* NDJSON: a CodeSystem resource in the first line, then one ``CodeSystem.concept`` a line, or more CodeSystem resources
  of the same URL and version, as a bulk export cuts them.

Of a concept only what the table needs is parsed, when its turn comes; designations and properties stay the JSON text
they are.
"""

import gzip
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import msgspec
import zstandard

from careloom.model.errors import DefinitionError, MalformedError, NotFoundError
from careloom.model.records import dataclass
from careloom.terminology.concept import StandardProperties

T = TypeVar("T")


class SourceProperty(msgspec.Struct, gc=False):
    """A property of a concept, as far as its place and status may hang on it."""

    code: str = ""
    valueCode: str | None = None  # noqa: N815  (the JSON key)
    valueString: str | None = None  # noqa: N815  (the JSON key)
    valueBoolean: bool | None = None  # noqa: N815  (the JSON key)

    @property
    def value(self) -> str | bool | None:
        """The value, if it is of a type that a place or status has."""
        text = self.valueCode if self.valueCode is not None else self.valueString
        return text if text is not None else self.valueBoolean


class SourceConcept(msgspec.Struct):
    """A concept as written."""

    code: str
    display: str = ""
    definition: str = ""
    designation: msgspec.Raw = msgspec.Raw(b"")
    property: msgspec.Raw = msgspec.Raw(b"")
    concept: list["SourceConcept"] = []


class SourceSystem(msgspec.Struct):
    """A CodeSystem as written."""

    resourceType: str = ""  # noqa: N815  (the JSON key)
    url: str = ""
    version: str = ""
    name: str = ""
    title: str = ""
    content: str = ""
    caseSensitive: bool = True  # noqa: N815  (the JSON key)
    supplements: str = ""
    property: list[dict[str, Any]] = []
    concept: list[msgspec.Raw] = []


@dataclass(frozen=True, slots=True)
class Source:
    """An open CodeSystem file.

    Attributes:
        header: The code system without its concepts.
        names: What it calls the standard properties.
        concepts: Each with the code that it is nested in, if it is; to be read once.
    """

    header: SourceSystem
    names: StandardProperties
    concepts: Iterator[tuple[SourceConcept, str | None]]


_SYSTEM = msgspec.json.Decoder(SourceSystem)
_CONCEPT = msgspec.json.Decoder(SourceConcept)
_PROPERTIES = msgspec.json.Decoder(list[SourceProperty])
_LINES = (".ndjson", ".jsonl")
_PACKED = (".gz", ".zst")


def open_source(path: Path) -> Source:
    """Open a CodeSystem file; a JSON one is read at once, an NDJSON one line by line.

    Raises:
        NotFoundError: There is no such file.
        MalformedError: It is not JSON, or not in the shape of a CodeSystem; names the place.
        DefinitionError: It is no CodeSystem with codes of its own.
    """
    if not path.is_file():
        raise NotFoundError(f"{path}: a CodeSystem file expected, none found")
    stem = path.name.removesuffix(path.suffix) if path.suffix in _PACKED else path.name
    if stem.endswith(_LINES):
        return _of_lines(path)
    with _opened(path) as file:
        header = _system(_read(path, file), f"{path}")
    return _source(header, _in_turn(header, f"{path}"))


def read_properties(raw: msgspec.Raw) -> list[SourceProperty]:
    """The properties of a concept.

    Raises:
        MalformedError: They are not in the shape of ``CodeSystem.concept.property``.
    """
    try:
        return _PROPERTIES.decode(raw) if len(raw) else []
    except msgspec.DecodeError as error:
        raise MalformedError(f"CodeSystem.concept.property: {error}") from error


def _in_turn(system: SourceSystem, where: str) -> Iterator[tuple[SourceConcept, str | None]]:
    """The concepts of a resource, which are given back as soon as they are read."""
    waiting, system.concept = system.concept[::-1], []
    number = 0
    while waiting:
        number += 1
        yield from _nested(_decoded(_CONCEPT, waiting.pop(), f"{where} concept {number}"))


def _nested(concept: SourceConcept) -> Iterator[tuple[SourceConcept, str | None]]:
    """A concept and those nested in it, in document order, each with the code above it."""
    pending: list[tuple[SourceConcept, str | None]] = [(concept, None)]
    while pending:
        concept, above = pending.pop()
        yield concept, above
        pending.extend((each, concept.code) for each in reversed(concept.concept))


def _of_lines(path: Path) -> Source:
    lines = _lines(path)
    number, first = next(lines, (1, b""))
    header = _system(first, f"{path} line {number}")
    return _source(header, _with_lines(path, header, lines))


def _with_lines(
    path: Path, header: SourceSystem, lines: Iterable[tuple[int, bytes]]
) -> Iterator[tuple[SourceConcept, str | None]]:
    yield from _in_turn(header, f"{path} line 1")
    for number, line in lines:
        where = f"{path} line {number}"
        if b'"resourceType"' in line:
            part = _system(line, where)
            if (part.url, part.version) != (header.url, header.version):
                found = f"{part.url}|{part.version} found"
                raise DefinitionError(f"{where}: one code system a file expected, {found}", url=header.url)
            yield from _in_turn(part, where)
        else:
            yield from _nested(_decoded(_CONCEPT, line, where))


def _source(header: SourceSystem, concepts: Iterator[tuple[SourceConcept, str | None]]) -> Source:
    if not header.url:
        raise DefinitionError("a CodeSystem with a url expected, none found")
    if header.content == "supplement" or header.supplements:
        message = "a code system with codes of its own expected, a supplement found; put it into a package"
        raise DefinitionError(message, url=header.url)
    return Source(header, StandardProperties.declared(header.property), concepts)


def _system(data: bytes, where: str) -> SourceSystem:
    found = _decoded(_SYSTEM, data, where)
    if found.resourceType != "CodeSystem":
        raise DefinitionError(f"{where}: a CodeSystem expected, {found.resourceType or 'no resource'} found")
    return found


def _decoded(decoder: "msgspec.json.Decoder[T]", data: bytes | msgspec.Raw, where: str) -> T:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(f"{where}: {error}") from error


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with _opened(path) as file:
        try:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
        except (OSError, EOFError, zstandard.ZstdError) as error:
            raise MalformedError(f"{path}: {error}") from error


def _read(path: Path, file: BinaryIO) -> bytes:
    try:
        return file.read().removeprefix(b"\xef\xbb\xbf")
    except (OSError, EOFError, zstandard.ZstdError) as error:
        raise MalformedError(f"{path}: {error}") from error


def _opened(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    if path.suffix == ".zst":
        return cast(BinaryIO, io.BufferedReader(zstandard.open(path, "rb")))
    return path.open("rb")
