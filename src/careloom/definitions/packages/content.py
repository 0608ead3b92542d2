"""A package being made: its manifest and resources in memory, written as a folder or as a tgz."""

import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from careloom.definitions.cache import MANIFEST_NAME, Package, PackageId
from careloom.definitions.index import INDEX_NAME, entry_for, write_index
from careloom.definitions.packages.archive import pack
from careloom.definitions.packages.staging import told_as_unavailable
from careloom.model import Resource, serialize_json
from careloom.model.errors import ConflictError, InvalidError
from careloom.model.records import dataclass, field

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class PackageContent:
    """What a package holds.

    Attributes:
        manifest: Content of ``package.json``, with name and version.
        resources: Conformance resources by file name, ``ValueSet-x.json``.
        examples: Other resources by file name; they lie in ``example/`` and are not in the index.
    """

    manifest: Mapping[str, Any]
    resources: Mapping[str, Resource]
    examples: Mapping[str, Resource] = field(default_factory=dict)

    @property
    def id(self) -> PackageId:
        """Name and version.

        Raises:
            InvalidError: The manifest has none that can name a folder.
        """
        return manifest_id(self.manifest, MANIFEST_NAME)

    def files(self) -> dict[str, bytes]:
        """Every file of the package by name, ``package/package.json``."""
        index = write_index(entry_for(name, resource) for name, resource in self.resources.items())
        files = {MANIFEST_NAME: serialize_json(dict(self.manifest), pretty=True), INDEX_NAME: index}
        files |= {name: serialize_json(resource, pretty=True) for name, resource in self.resources.items()}
        files |= {f"example/{name}": serialize_json(resource, pretty=True) for name, resource in self.examples.items()}
        return {f"package/{name}": text for name, text in files.items()}


def content_of(package: Package) -> PackageContent:
    """What an installed package holds, its examples aside.

    Raises:
        MalformedError: A file is not a resource; names it.
        NotFoundError: The index names a file that is not there.
    """
    return PackageContent(package.manifest, {entry.file_name: package.read(entry) for entry in package.entries})


def manifest_id(manifest: Mapping[str, Any], where: str) -> PackageId:
    """Name and version of a manifest, fit to name a folder.

    Raises:
        InvalidError: They are missing or have characters that a package's name cannot have.
    """
    name, version = manifest.get("name"), manifest.get("version")
    for key, found in (("name", name), ("version", version)):
        if not isinstance(found, str) or not _ID.fullmatch(found):
            raise InvalidError(f"{where}: {key}: letters, digits, dots and dashes expected, found {found!r}")
    return PackageId(str(name), str(version))


def file_names(resources: Iterable[tuple[str, Resource]]) -> dict[str, Resource]:
    """Resources by the file name that a package gives them, ``Type-id.json``, sorted.

    Args:
        resources: Each with where it comes from, for the message and where it has no id.

    Raises:
        InvalidError: Two have the same type and id; names both.
    """
    named: dict[str, Resource] = {}
    origins: dict[str, str] = {}
    for origin, resource in resources:
        name = f"{resource['resourceType']}-{resource.get('id') or Path(origin).stem}.json"
        if name in named:
            raise InvalidError(f"{origin} and {origins[name]} are both {name.removesuffix('.json')}")
        named[name], origins[name] = resource, origin
    return dict(sorted(named.items()))


def write_content(content: PackageContent, target: Path) -> None:
    """Write a package as a tgz, when the name ends so, else as a folder; whole or not at all.

    Raises:
        ConflictError: The folder is there and is not empty.
        UnavailableError: It cannot be written.
    """
    with told_as_unavailable(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.name.endswith((".tgz", ".tar.gz")):
            _write_archive(content, target)
        else:
            _write_folder(content, target)


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)


def _write_archive(content: PackageContent, target: Path) -> None:
    partial = target.with_name(f".{target.name}.partial")
    try:
        pack(content.files(), partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _write_folder(content: PackageContent, target: Path) -> None:
    if target.exists() and any(target.iterdir()):
        raise ConflictError(f"{target}: an empty folder or none expected, it has files")
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        write_files(content.files(), partial)
        if target.exists():
            target.rmdir()
        partial.replace(target)
        target.chmod(0o755)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
