"""The index of a package: which resource is in which file."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from careloom.model import Resource, parse_json, serialize_json
from careloom.model.errors import MalformedError

INDEX_NAME = ".index.json"
INDEX_VERSION = 2
"""Version 2 of the index format is the one with ``derivation``, which older readers ignore."""

_COPIED = ("id", "url", "version", "kind", "type", "derivation")


class IndexEntry(NamedTuple):
    """One line of ``.index.json``; what a resource does not have is the empty string."""

    file_name: str
    resource_type: str
    id: str = ""
    url: str = ""
    version: str = ""
    kind: str = ""
    type: str = ""
    derivation: str = ""


class Index(NamedTuple):
    """Lines of an index in order, and where in it each canonical URL stands; plain values, so that it can be kept."""

    lines: list[tuple[str, ...]]
    places: dict[str, list[int]]

    @classmethod
    def of(cls, entries: Iterable[IndexEntry]) -> "Index":
        """The index of some entries."""
        lines = [tuple(entry) for entry in entries]
        places: dict[str, list[int]] = {}
        for number, line in enumerate(lines):
            if line[_URL]:
                places.setdefault(line[_URL], []).append(number)
        return cls(lines, places)

    def entries(self) -> Iterator[IndexEntry]:
        """All entries."""
        return (IndexEntry(*line) for line in self.lines)

    def entries_at(self, url: str) -> Iterator[IndexEntry]:
        """Those with a canonical URL."""
        return (IndexEntry(*self.lines[number]) for number in self.places.get(url, ()))


_URL = IndexEntry._fields.index("url")


def entry_for(file_name: str, resource: Resource) -> IndexEntry:
    """The line that tells of a resource."""
    told = {name: _text(resource.get(name)) for name in _COPIED}
    return IndexEntry(file_name, _text(resource.get("resourceType")), **told)


def read_index(data: bytes) -> tuple[IndexEntry, ...]:
    """Read ``.index.json``; lines that name no file or no type are passed over.

    Raises:
        MalformedError: Not JSON, or not an index.
    """
    content = parse_json(data)
    lines = content.get("files") if isinstance(content, dict) else None
    if not isinstance(lines, list):
        raise MalformedError(f"{INDEX_NAME}: an object with `files` expected")
    return tuple(_entry(line) for line in lines if line.get("filename") and line.get("resourceType"))


def write_index(entries: Iterable[IndexEntry]) -> bytes:
    """The text of ``.index.json``, sorted by file name."""
    lines = [_line(entry) for entry in sorted(entries, key=lambda entry: entry.file_name)]
    return serialize_json({"index-version": INDEX_VERSION, "files": lines}, pretty=True)


def scan(folder: Path) -> Iterator[IndexEntry]:
    """What the files of a package without an index hold; files that are no resource are passed over.

    Raises:
        MalformedError: A file is not JSON; the message names it.
    """
    for path in sorted(folder.glob("*.json")):
        if path.name.startswith(".") or path.name == "package.json":
            continue
        try:
            content = parse_json(path.read_bytes())
        except MalformedError as error:
            raise MalformedError(f"{path}: {error}") from error
        if isinstance(content, dict) and content.get("resourceType"):
            yield entry_for(path.name, content)


def _entry(line: dict[str, Any]) -> IndexEntry:
    told = {name: _text(line.get(name)) for name in _COPIED}
    return IndexEntry(line["filename"], line["resourceType"], **told)


def _line(entry: IndexEntry) -> dict[str, str]:
    told = {name: getattr(entry, name) for name in _COPIED}
    line = {"filename": entry.file_name, "resourceType": entry.resource_type}
    return line | {name: text for name, text in told.items() if text}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
