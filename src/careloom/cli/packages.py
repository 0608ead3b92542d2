"""``careloom packages``: FHIR packages in the cache that all FHIR tools share."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from careloom.cli.errors import errors_told
from careloom.definitions import Definitions, Package, PackageCache, PackageId
from careloom.definitions.kept import FOLDER_VARIABLE, KeptFolder
from careloom.definitions.packages import (
    Installation,
    Installer,
    PackageContent,
    content_of,
    read_folder,
    snapshot_complete,
    write_content,
)
from careloom.definitions.packages import Progress as Told
from careloom.definitions.packages.remote import PackageRegistry
from careloom.definitions.registry import CORE

packages = App(name="packages", help="FHIR packages: install, list, show, and make snapshot-complete ones.")


@packages.command
def install(
    what: str,
    *,
    name: str | None = None,
    version: str | None = None,
    registry: Annotated[str | None, Parameter(env_var="CARELOOM_FHIR_REGISTRY")] = None,
    replace: bool = False,
) -> None:
    """Install a package, with what it depends on, into the FHIR package cache.

    Args:
        what: NAME@VERSION, a package's tgz, a URL of one, or a directory of XML or JSON resources.
        name: Name for the package made of a directory; else as its package.json or ImplementationGuide say.
        version: Version for the package made of a directory.
        registry: Base URL of the FHIR package registry.
        replace: Install again what is there already.
    """
    with errors_told("packages"), _progress() as progress:
        installer = Installer(PackageCache(), registry=PackageRegistry(registry), progress=progress, replace=replace)
        done = installer.install(what, name=name, version=version)
    _tell(done)


@packages.command(name="clear-cache")
def clear_cache() -> None:
    """Remove what Careloom keeps of packages between runs, which is made again when it is needed; packages stay."""
    folder = KeptFolder.of_user()
    count = folder.clear()
    print(f"{folder.path}: {count} removed" if folder.path else f"nothing is kept: {FOLDER_VARIABLE} is off")


@packages.command(name="list")
def list_() -> None:
    """List the packages in the FHIR package cache."""
    with errors_told("packages"):
        for id in PackageCache().installed():
            print(id)


@packages.command
def show(package: str) -> None:
    """Show what a package is, what it holds and what it depends on.

    Args:
        package: NAME@VERSION of an installed package.
    """
    with errors_told("packages"):
        cache = PackageCache()
        found = cache.open(PackageId.parse(package))
        for line in _described(found, cache):
            print(line)


@packages.command
def snapshot(source: str, *, out: Path, name: str | None = None, version: str | None = None) -> None:
    """Write the same package with the snapshot of every structure definition, for tools that ask for them.

    Args:
        source: NAME@VERSION of an installed package, or a directory of XML or JSON resources.
        out: A directory that is empty or not there, or a file name that ends in .tgz.
        name: Name for the package made of a directory.
        version: Version for the package made of a directory.
    """
    with errors_told("packages"):
        cache = PackageCache()
        content = _content(source, cache, name, version)
        below = _below(content, cache)
        for id in below.missing:
            print(f"warning: the dependency {id} is not installed", file=sys.stderr)
        complete, issues = snapshot_complete(content, below)
        write_content(complete, out)
        for issue in issues:
            print(f"{issue.severity}: {issue.profile}: {issue.diagnostics}", file=sys.stderr)
        count = sum(resource["resourceType"] == "StructureDefinition" for resource in complete.resources.values())
        print(f"{complete.id}: {count} structure definitions with snapshots, written to {out}")


@contextmanager
def _progress() -> Iterator[Told]:
    """A progress bar on a terminal, and nothing anywhere else."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=None)
            bar.update(tasks[what], completed=done, total=total or None)

        yield tell


def _tell(done: Installation) -> None:
    for note in done.notes:
        print(f"note: {note}", file=sys.stderr)
    for id in done.installed:
        print(f"installed {id}")
    for id in done.present:
        print(f"already there {id}")
    for id, why in done.missing:
        print(f"warning: the dependency {id} is missing: {why}", file=sys.stderr)


def _described(package: Package, cache: PackageCache) -> Iterator[str]:
    yield f"{package.id}  {package.manifest.get('title', '')}".rstrip()
    yield f"folder        {package.folder}"
    for key in ("description", "canonical", "license", "author"):
        if package.manifest.get(key):
            yield f"{key:<13} {package.manifest[key]}"
    yield f"FHIR          {', '.join(package.manifest.get('fhirVersions', ())) or 'not said'}"
    for needed in package.dependencies:
        there = cache.match(needed)
        yield f"depends on    {needed}{'' if there else '  (not installed)'}"
    for type, count in sorted(Counter(entry.resource_type for entry in package.entries).items()):
        yield f"{count:>13} {type}"


def _content(source: str, cache: PackageCache, name: str | None, version: str | None) -> PackageContent:
    folder = Path(source)
    if folder.is_dir():
        return read_folder(folder, lambda: Definitions.load([CORE], cache=cache).types, name=name, version=version)
    return content_of(cache.open(PackageId.parse(source)))


def _below(content: PackageContent, cache: PackageCache) -> Definitions:
    """What the package depends on, as far as it is installed; FHIR R4 where it names no dependency."""
    needed = [str(PackageId(name, version)) for name, version in content.manifest.get("dependencies", {}).items()]
    return Definitions.load_available(needed or [CORE], cache=cache)
