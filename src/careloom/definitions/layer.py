"""One layer of definitions: the resources of a package, or some given in memory, found by address."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from careloom.definitions.cache import Head, Package, head_of
from careloom.definitions.index import Index, IndexEntry, entry_for
from careloom.definitions.versions import version_matches, version_order
from careloom.model import Resource


class Definition:
    """One conformance resource: what the index tells of it, and its content read once, when asked for."""

    __slots__ = ("_load", "_resource", "entry", "package")

    def __init__(
        self, entry: IndexEntry, load: Callable[[IndexEntry], Resource], package: Package | None = None
    ) -> None:
        self.entry = entry
        self.package = package
        self._load = load
        self._resource: Resource | None = None

    @property
    def resource(self) -> Resource:
        """The parsed resource; it is shared by all who ask and must not be changed."""
        if self._resource is None:
            self._resource = self._load(self.entry)
        return self._resource


class Layer:
    """Definitions by canonical URL and by type.

    Args:
        index: The index of one resource type, or of all for None.
        define: Makes the definition that an entry of the index tells of.
        package: Where they come from, if from a package.
    """

    def __init__(
        self, index: Callable[[str | None], Index], define: Callable[[IndexEntry], Definition], package: Package | None
    ) -> None:
        self._index = index
        self._define = define
        self._package = package
        self._indexes: dict[str | None, Index] = {}

    @classmethod
    def of_package(cls, package: Package) -> "Layer":
        """The resources of a package, none read yet; its index is read type by type."""
        made: dict[str, Definition] = {}

        def define(entry: IndexEntry) -> Definition:
            return made.get(entry.file_name) or made.setdefault(
                entry.file_name, Definition(entry, package.read, package)
            )

        return cls(package.index_of, define, package)

    @classmethod
    def of_resources(cls, resources: Iterable[Resource]) -> "Layer":
        """Resources that are in memory already."""
        given = {str(number): resource for number, resource in enumerate(resources)}
        entries = [entry_for(name, resource) for name, resource in given.items()]
        made = {entry.file_name: Definition(entry, lambda entry: given[entry.file_name]) for entry in entries}

        def index(type: str | None) -> Index:
            return Index.of(entry for entry in entries if type in (None, entry.resource_type))

        return cls(index, lambda entry: made[entry.file_name], None)

    def find(self, url: str, version: str, type: str | None) -> Definition | None:
        """The newest definition of that address, of that version and type where these are asked for."""
        found = [
            entry
            for entry in self._indexed(type).entries_at(url)
            if not version or version_matches(entry.version, version)
        ]
        return self._define(max(found, key=_age) if len(found) > 1 else found[0]) if found else None

    def of_type(self, type: str) -> Sequence[Definition]:
        """All definitions of a resource type."""
        return [self._define(entry) for entry in self._indexed(type).entries()]

    def entries_of(self, type: str) -> Iterator[IndexEntry]:
        """What the index tells of all definitions of a resource type."""
        return self._indexed(type).entries()

    def has(self, url: str, type: str) -> bool:
        """Whether there is a definition of that address and type."""
        return url in self._indexed(type).places

    def urls(self, type: str) -> Collection[str]:
        """The canonical URLs of the definitions of a resource type."""
        return self._indexed(type).places.keys()

    def heads(self, type: str, names: tuple[str, ...]) -> Iterable[Head]:
        """The plain properties by these names of all definitions of a resource type."""
        if self._package is not None:
            return self._package.heads(type, names)
        return (head_of(definition.resource, names) for definition in self.of_type(type))

    def keep(self) -> None:
        """Keep what was read of the package for the next run, where that is wanted."""
        if self._package is not None:
            self._package.keep()

    def _indexed(self, type: str | None) -> Index:
        index = self._indexes.get(type)
        if index is None:
            index = self._indexes[type] = self._index(type)
        return index


def _age(entry: IndexEntry) -> tuple[tuple[int, int, str], ...]:
    return version_order(entry.version)
