"""Several packages seen as one: canonical resolution, and structure definitions with their snapshots.

Definitions are layers; what a later layer says wins. Nothing is read before it is asked for, and what was
read or made for a lower layer is used by the layers above it as long as they change nothing it was made of.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property

from careloom.definitions.cache import Head, Package, PackageCache, PackageId
from careloom.definitions.index import IndexEntry
from careloom.definitions.kept_snapshots import keep_snapshot, kept_snapshot
from careloom.definitions.layer import Definition, Layer
from careloom.definitions.snapshot import Snapshot, generate
from careloom.definitions.types import TypeModel
from careloom.model import Resource
from careloom.model.errors import CareloomError, NotFoundError

TYPES_BASE = "http://hl7.org/fhir/StructureDefinition/"
CORE = "hl7.fhir.r4.core@4.0.1"

# The index of a package does not say which resource types are abstract, and reading 150 files to learn it costs.
_ABSTRACT = frozenset({"Resource", "DomainResource"})


class Definitions:
    """Conformance resources by canonical URL; immutable, and cheap to add a layer to."""

    def __init__(self, layer: Layer, below: "Definitions | None" = None, missing: Iterable[PackageId] = ()) -> None:
        self._layer = layer
        self._below = below
        self._snapshots: dict[Definition, Snapshot] = {}
        self.missing: tuple[PackageId, ...] = tuple(missing)
        """Packages that a loaded package depends on and that are not installed."""

    @classmethod
    def load(
        cls, packages: Iterable[str] = (CORE,), *, cache: PackageCache | None = None, extra: Iterable[Resource] = ()
    ) -> "Definitions":
        """Load packages from the cache with what they depend on, and add resources on top.

        Args:
            packages: As ``name@version``; a later one wins over an earlier one.
            cache: Where packages are; the user's FHIR package cache by default.
            extra: Resources that win over all packages.

        Raises:
            NotFoundError: One of the packages is not installed. A missing dependency is no error,
                it is told in ``missing``; what it would have defined is told when something asks for it.
        """
        stack = _Stack(cache if cache is not None else PackageCache())
        for name in packages:
            stack.add(PackageId.parse(name))
        extra = list(extra)
        definitions = cls._of(stack)
        return definitions.with_resources(extra) if extra else definitions

    @classmethod
    def load_available(cls, packages: Iterable[str], *, cache: PackageCache | None = None) -> "Definitions":
        """As `load`, but a package that is not installed is no error, it is told in ``missing``."""
        stack = _Stack(cache if cache is not None else PackageCache())
        for name in packages:
            stack.add_available(PackageId.parse(name))
        return cls._of(stack)

    @classmethod
    def _of(cls, stack: "_Stack") -> "Definitions":
        definitions = cls(Layer.of_resources(()), missing=stack.missing)
        for package in stack.packages:
            definitions = cls(Layer.of_package(package), definitions, stack.missing)
        return definitions

    def with_resources(self, resources: Iterable[Resource]) -> "Definitions":
        """The same definitions with a layer on top; ``self`` does not change and shares what it has read."""
        return Definitions(Layer.of_resources(resources), self, self.missing)

    def find(self, canonical: str, type: str | None = None) -> Resource | None:
        """The resource of a canonical URL, ``url`` or ``url|version``; a version ``1.2`` takes any ``1.2.x``.

        Args:
            canonical: Without fragment.
            type: Resource type, where another type by the same URL would not do.
        """
        definition = self._definition(canonical, type)
        return definition.resource if definition else None

    def require(self, canonical: str, type: str | None = None, *, asked_by: str) -> Resource:
        """As `find`, but what is missing is an error.

        Raises:
            NotFoundError: Names the canonical and who asked for it.
        """
        found = self.find(canonical, type)
        if found is None:
            raise self._not_found(canonical, type or "definition", asked_by)
        return found

    def all(self, type: str) -> Iterator[Resource]:
        """Every resource of a type, lower layers first, without those that a layer above replaces."""
        for definition in self._all(type, replaced=frozenset()):
            yield definition.resource

    def heads(self, type: str, names: tuple[str, ...]) -> Iterator[Head]:
        """Some properties of every resource of a type, as `all` gives them, without reading the resources again.

        Args:
            type: Resource type.
            names: Of properties that are text or numbers; left out where a resource has none.
        """
        return self._heads(type, ("url", *names), frozenset())

    def keep(self) -> None:
        """Keep what was read of packages for the next run; to be called when the work is done."""
        here: Definitions | None = self
        while here is not None:
            here._layer.keep()
            here = here._below

    def structure(self, canonical_or_type: str, *, asked_by: str = "") -> Resource:
        """A StructureDefinition with its snapshot, made where it has none.

        Args:
            canonical_or_type: Canonical URL, or the name of a FHIR type such as ``Patient``.
            asked_by: Who needs it, for the error message.

        Raises:
            NotFoundError: It, or a definition that it builds on, is not there.
            DefinitionError: It breaks the rules of StructureDefinition; names its URL and element id.
        """
        snapshot = self.snapshot(canonical_or_type, asked_by=asked_by)
        return snapshot.structure

    def snapshot(self, canonical_or_type: str, *, asked_by: str = "", making: frozenset[str] = frozenset()) -> Snapshot:
        """As `structure`, with what the snapshot was made of and what is odd in the definition.

        Args:
            canonical_or_type: As for `structure`.
            asked_by: As for `structure`.
            making: Canonical URLs of the definitions that it is needed for, which it cannot build on.
        """
        canonical = canonical_or_type if ":" in canonical_or_type else TYPES_BASE + canonical_or_type
        definition = self._definition(canonical, "StructureDefinition")
        if definition is None:
            raise self._not_found(canonical, "StructureDefinition", asked_by)
        return self._snapshot(definition, making)

    def snapshot_of(self, structure: Resource) -> Snapshot:
        """The snapshot of a structure definition that may be found under its URL or not.

        Raises:
            NotFoundError: A definition that it builds on is not there.
            DefinitionError: It breaks the rules of StructureDefinition; names its URL and element id.
        """
        url = structure.get("url")
        definition = self._definition(url, "StructureDefinition") if isinstance(url, str) else None
        if definition is not None and definition.resource is structure:
            return self._snapshot(definition, frozenset())
        return generate(structure, self)

    @cached_property
    def types(self) -> TypeModel:
        """What the types look like; shared with the layer below unless this one defines types itself."""
        if self._below is not None and not any(map(_defines_a_type, self._layer.entries_of("StructureDefinition"))):
            return self._below.types
        return TypeModel(self.structure, self._resource_types())

    def _definition(self, canonical: str, type: str | None) -> Definition | None:
        url, _, version = canonical.partition("|")
        here: Definitions | None = self
        while here is not None:
            found = here._layer.find(url, version, type)
            if found:
                return found
            here = here._below
        return None

    def _snapshot(self, definition: Definition, making: frozenset[str]) -> Snapshot:
        known = self._snapshots.get(definition)
        if known is None:
            known = self._from_below(definition, making) or self._made(definition, making)
            if making.isdisjoint(known.made_of):  # else it may lack what is being made now
                self._snapshots[definition] = known
        return known

    def _made(self, definition: Definition, making: frozenset[str]) -> Snapshot:
        """A snapshot as an earlier run made it of the same files, else made now."""
        known = kept_snapshot(definition, self._origin)
        if known is None:
            known = generate(definition.resource, self, making=making)
            if making.isdisjoint(known.made_of):
                keep_snapshot(definition, known, self._origin)
        return known

    def _origin(self, canonical: str) -> Definition | None:
        return self._definition(canonical, "StructureDefinition")

    def _from_below(self, definition: Definition, making: frozenset[str]) -> Snapshot | None:
        """What the layer below made, if that is where the definition is and this layer changes nothing in it."""
        if self._below is None or self._layer.has(definition.entry.url, "StructureDefinition"):
            return None
        try:
            snapshot = self._below._snapshot(definition, making)
        except CareloomError:
            return None  # this layer may hold what the one below lacks; if not, generating here tells the same
        return snapshot if snapshot.made_of.isdisjoint(self._layer.urls("StructureDefinition")) else None

    def _all(self, type: str, replaced: frozenset[str]) -> Iterator[Definition]:
        own = self._layer.of_type(type)
        if self._below is not None:
            urls = (definition.entry.url for definition in own if definition.entry.url)
            yield from self._below._all(type, replaced.union(urls))
        yield from (definition for definition in own if definition.entry.url not in replaced)

    def _entries(self, type: str, replaced: frozenset[str]) -> Iterator[IndexEntry]:
        """What the indexes tell of all definitions of a type, as `_all` gives them."""
        if self._below is not None:
            yield from self._below._entries(type, replaced.union(self._layer.urls(type)))
        yield from (entry for entry in self._layer.entries_of(type) if entry.url not in replaced)

    def _heads(self, type: str, names: tuple[str, ...], replaced: frozenset[str]) -> Iterator[Head]:
        if self._below is not None:
            yield from self._below._heads(type, names, replaced.union(self._layer.urls(type)))
        yield from (head for head in self._layer.heads(type, names) if head.get("url", "") not in replaced)

    def _resource_types(self) -> frozenset[str]:
        return frozenset(
            entry.type
            for entry in self._entries("StructureDefinition", frozenset())
            if entry.kind == "resource" and entry.url == TYPES_BASE + entry.type and entry.type not in _ABSTRACT
        )

    def _not_found(self, canonical: str, what: str, asked_by: str) -> NotFoundError:
        asked = f"; {asked_by} asks for it" if asked_by else ""
        missing = f" (not installed: {', '.join(map(str, self.missing))})" if self.missing else ""
        return NotFoundError(f"{what} {canonical} is not in the loaded definitions{asked}{missing}")


class _Stack:
    """Packages in the order of their layers: what a package depends on lies below it."""

    def __init__(self, cache: PackageCache) -> None:
        self._cache = cache
        self.packages: list[Package] = []
        self.missing: list[PackageId] = []
        self._seen: set[PackageId] = set()

    def add(self, id: PackageId) -> None:
        """Put a package on top, after what it needs."""
        if id in self._seen:
            return
        self._seen.add(id)
        package = self._cache.open(id)
        self._seen.add(package.id)
        for needed in package.dependencies:
            self.add_available(needed)
        self.packages.append(package)

    def add_available(self, id: PackageId) -> None:
        """Put a package on top if it is installed and no second core."""
        if self._cache.match(id) is None:
            self.missing.append(id)
        elif not self._is_second_core(id):
            self.add(id)

    def _is_second_core(self, id: PackageId) -> bool:
        """Whether this is another FHIR version, which would replace every type; UK Core names R4 and R5."""
        return self._cache.open(id).is_core and any(package.is_core for package in self.packages)


def _defines_a_type(entry: IndexEntry) -> bool:
    return entry.derivation == "specialization" or entry.url == TYPES_BASE + entry.type
