"""FHIR packages as they lie on disk, in the layout that all FHIR tools share.

::

    ROOT/NAME#VERSION/package/package.json     the manifest: name, version, dependencies
                             /.index.json      what is in each file, so that few files need reading
                             /Type-id.json     the resources

Source: https://confluence.hl7.org/display/FHIR/FHIR+Package+Cache and the NPM package specification of FHIR.
"""

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from careloom.definitions.index import INDEX_NAME, Index, IndexEntry, read_index, scan
from careloom.definitions.kept import KeptFile, KeptFolder, Stamp, stamp_of
from careloom.definitions.versions import newest_match
from careloom.model import Resource, parse_json, parse_resource
from careloom.model.errors import MalformedError, NotFoundError
from careloom.model.records import dataclass

ROOT_VARIABLE = "CARELOOM_FHIR_PACKAGES"
MANIFEST_NAME = "package.json"

Head = dict[str, str | int]
"""Some plain properties of a resource."""


def default_root() -> Path:
    """``$CARELOOM_FHIR_PACKAGES``, else ``~/.fhir/packages`` as SUSHI, Firely and the HL7 tools use it."""
    chosen = os.environ.get(ROOT_VARIABLE)
    return Path(chosen).expanduser() if chosen else Path.home() / ".fhir" / "packages"


@dataclass(frozen=True, slots=True, order=True)
class PackageId:
    """A package by name and version, told as ``name@version``."""

    name: str
    version: str

    @classmethod
    def parse(cls, text: str) -> "PackageId":
        """Read ``name@version`` or ``name#version``.

        Raises:
            MalformedError: One of the two parts is missing.
        """
        name, _, version = text.replace("#", "@", 1).partition("@")
        if not name or not version:
            raise MalformedError(f"a package as NAME@VERSION expected, found {text!r}")
        return cls(name, version)

    @property
    def is_open(self) -> bool:
        """Whether the version names several, as ``4.0.x`` or ``latest`` do."""
        return self.version == "latest" or self.version.endswith(".x")

    @property
    def folder(self) -> str:
        """The folder's name in a cache, ``name#version``."""
        return f"{self.name}#{self.version}"

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


class Package:
    """One package: its manifest, and its resources read when asked for.

    Args:
        id: Name and version.
        folder: With the manifest and the resources.
        kept: What was read of it before, if that is to be used and added to.
    """

    def __init__(self, id: PackageId, folder: Path, kept: KeptFolder | None = None) -> None:
        self.id = id
        self.folder = folder
        self._folder_of_kept = kept

    @cached_property
    def kept(self) -> KeptFile | None:
        """What was made of the package in earlier runs; None where nothing is kept."""
        folder = self._folder_of_kept
        return folder.file(self.id.folder, str(self.folder)) if folder else None

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """The content of ``package.json``.

        Raises:
            MalformedError: It is not a JSON object.
        """
        path = self.folder / MANIFEST_NAME
        value = parse_json(path.read_bytes())
        if not isinstance(value, dict):
            raise MalformedError(f"{path}: the manifest of a package is a JSON object")
        return value

    @property
    def dependencies(self) -> tuple[PackageId, ...]:
        """The packages that the manifest says this one needs."""
        named = self.manifest.get("dependencies") or {}
        return tuple(PackageId(name, str(version)) for name, version in sorted(named.items()))

    @property
    def is_core(self) -> bool:
        """Whether this is the specification of a FHIR version itself, which only one package can be."""
        return str(self.manifest.get("type", "")).lower() in ("fhir.core", "core")

    @cached_property
    def entries(self) -> tuple[IndexEntry, ...]:
        """What each file holds: from the package's own index, else found by reading its files."""
        path = self.folder / INDEX_NAME
        return read_index(path.read_bytes()) if path.is_file() else tuple(scan(self.folder))

    def index_of(self, type: str | None) -> Index:
        """What the files with resources of one type hold, in the order of the index; None for all types."""
        name = f"index {type or 'of all'}"
        known = self.kept.get(name, self._stamp) if self.kept else None
        if known is not None:
            return Index(*known)
        found = Index.of(entry for entry in self.entries if type in (None, entry.resource_type))
        if self.kept:
            self.kept.put(name, self._stamp, tuple(found))
        return found

    def read(self, entry: IndexEntry) -> Resource:
        """One file of the package, from what is kept of it where that is good.

        Raises:
            MalformedError: The file is not a resource; the message names it.
            NotFoundError: The index names a file that is not there.
        """
        if self.kept is None:
            return self._parsed(entry)
        stamp = self.stamp(entry)
        known: Resource | None = self.kept.get(entry.file_name, stamp)
        if known is None:
            known = self._parsed(entry)
            self.kept.put(entry.file_name, stamp, known)
        return known

    def heads(self, type: str, names: tuple[str, ...]) -> list[Head]:
        """The plain properties by these names of every resource of a type, in the order of the index.

        Reading all profiles of FHIR R4 takes seconds; their titles, kept, a fiftieth of one.
        """
        what = f"heads {type} {' '.join(names)}"
        entries = list(self.index_of(type).entries())
        stamp = stamp_of(*(self.folder / entry.file_name for entry in entries))
        heads: list[Head] | None = self.kept.get(what, stamp) if self.kept else None
        if heads is None:
            heads = [head_of(self._parsed(entry), names) for entry in entries]
            if self.kept:
                self.kept.put(what, stamp, heads)
        return heads

    def stamp(self, entry: IndexEntry) -> Stamp:
        """What tells whether a file of the package is still the one that it was."""
        return stamp_of(self.folder / entry.file_name)

    def keep(self) -> None:
        """Keep what was read for the next run, where that is wanted."""
        if self._folder_of_kept and self.kept:
            self.kept.save()
            self._folder_of_kept.prune()

    @cached_property
    def _stamp(self) -> Stamp:
        """What tells whether files came or went."""
        return stamp_of(self.folder, self.folder / INDEX_NAME, self.folder / MANIFEST_NAME)

    def _parsed(self, entry: IndexEntry) -> Resource:
        """Parse one file of the package.

        Raises:
            MalformedError: The file is not a resource; the message names it.
            NotFoundError: The index names a file that is not there.
        """
        path = self.folder / entry.file_name
        try:
            return parse_resource(path.read_bytes())
        except FileNotFoundError as error:
            raise NotFoundError(f"{self.id}: {entry.file_name} is in the index but not in the package") from error
        except MalformedError as error:
            raise MalformedError(f"{self.id}: {entry.file_name}: {error}") from error

    def resources(self) -> Iterator[Resource]:
        """Every resource, in the order of the index."""
        return map(self.read, self.entries)


class PackageCache:
    """The packages of one folder; it is shared with other tools, so nothing is assumed to stay.

    Args:
        root: The folder; the user's by default.
        kept: Where what is read of packages is kept between runs; by default it is not.
    """

    def __init__(self, root: Path | None = None, *, kept: KeptFolder | None = None) -> None:
        self.root = root if root is not None else default_root()
        self._kept = kept

    def installed(self) -> list[PackageId]:
        """The packages that can be opened, sorted; folders that are no package are passed over."""
        if not self.root.is_dir():
            return []
        named = (PackageId.parse(found.name) for found in self.root.iterdir() if _is_package(found))
        return sorted(named)

    def folder(self, id: PackageId) -> Path:
        """Where a package lies, or would lie."""
        return self.root / id.folder

    def has(self, id: PackageId) -> bool:
        """Whether the package can be opened."""
        return _is_package(self.folder(id))

    def match(self, id: PackageId) -> PackageId | None:
        """The newest installed package that a version, maybe an open one, is met by."""
        if not id.is_open:
            return id if self.has(id) else None
        versions = (found.version for found in self.installed() if found.name == id.name)
        version = newest_match(versions, id.version)
        return PackageId(id.name, version) if version else None

    def open(self, id: PackageId) -> Package:
        """The package by that name and version, which may be open.

        Raises:
            NotFoundError: It is not installed; the message says how to install it.
        """
        found = self.match(id)
        if found is None:
            raise NotFoundError(f"package {id} is not in {self.root}; `careloom packages install {id}` fetches it")
        return Package(found, self.folder(found) / "package", self._kept)


def head_of(resource: Resource, names: tuple[str, ...]) -> Head:
    """The properties by these names that are plain text or numbers."""
    return {name: resource[name] for name in names if isinstance(resource.get(name), str | int)}


def _is_package(folder: Path) -> bool:
    name, mark, version = folder.name.partition("#")
    return bool(name and mark and version) and (folder / "package" / MANIFEST_NAME).is_file()
