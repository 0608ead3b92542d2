"""One layer of definitions: the resources of a package, or some given in memory, found by address."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from careloom.definitions.cache import Package
from careloom.definitions.index import IndexEntry, entry_for
from careloom.definitions.versions import version_matches, version_order
from careloom.model import Resource


class Definition:
    """One conformance resource: what the index tells of it, and its content read once, when asked for."""

    __slots__ = ("_load", "_resource", "entry")

    def __init__(self, entry: IndexEntry, load: Callable[[IndexEntry], Resource]) -> None:
        self.entry = entry
        self._load = load
        self._resource: Resource | None = None

    @property
    def resource(self) -> Resource:
        """The parsed resource; it is shared by all who ask and must not be changed."""
        if self._resource is None:
            self._resource = self._load(self.entry)
        return self._resource


class Layer:
    """Definitions by canonical URL and by type."""

    def __init__(self, definitions: Iterable[Definition]) -> None:
        by_url: defaultdict[str, list[Definition]] = defaultdict(list)
        by_type: defaultdict[str, list[Definition]] = defaultdict(list)
        for definition in definitions:
            by_type[definition.entry.resource_type].append(definition)
            if definition.entry.url:
                by_url[definition.entry.url].append(definition)
        self.by_url: dict[str, list[Definition]] = dict(by_url)
        self.by_type: dict[str, list[Definition]] = dict(by_type)

    @classmethod
    def of_package(cls, package: Package) -> "Layer":
        """The resources of a package, none read yet."""
        return cls(Definition(entry, package.read) for entry in package.entries)

    @classmethod
    def of_resources(cls, resources: Iterable[Resource]) -> "Layer":
        """Resources that are in memory already."""
        return cls(Definition(entry_for("", resource), _given(resource)) for resource in resources)

    def find(self, url: str, version: str, type: str | None) -> Definition | None:
        """The newest definition of that address, of that version and type where these are asked for."""
        found = [
            definition
            for definition in self.by_url.get(url, ())
            if (type is None or definition.entry.resource_type == type)
            and (not version or version_matches(definition.entry.version, version))
        ]
        return max(found, key=_age, default=None)

    def of_type(self, type: str) -> Sequence[Definition]:
        """All definitions of a resource type."""
        return self.by_type.get(type, ())


def _age(definition: Definition) -> tuple[tuple[int, int, str], ...]:
    return version_order(definition.entry.version)


def _given(resource: Resource) -> Callable[[IndexEntry], Resource]:
    return lambda _: resource
