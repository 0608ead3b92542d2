"""Names of types: what ``is``, ``as`` and ``ofType`` take, and which items they mean.

A name without namespace may mean a type of FHIR or of the system (``Quantity`` is both); ``Boolean`` is the system's
and ``boolean`` FHIR's, and neither is the other.

``is`` holds for types that build on the one named. ``as`` and ``ofType`` do too, except for primitives: an element of
type ``code`` is a ``string``, but ``ofType(string)`` does not pick it, as the suite has it. It could not tell the
``valueString`` from the ``valueCode`` of a choice otherwise.
"""

from collections.abc import Callable
from functools import lru_cache

from careloom.definitions.types import TypeModel
from careloom.fhirpath.ast import Call, Member, Tree, TypeName
from careloom.fhirpath.nodes import SYSTEM_TYPES
from careloom.fhirpath.sources import Site
from careloom.model.records import dataclass

_SYSTEM_NAMES = frozenset(SYSTEM_TYPES.values()) | {"System.Any"}


@dataclass(frozen=True, slots=True)
class NamedType:
    """What a name of a type stands for: a type of FHIR, of the system, or either."""

    fhir: str | None
    system: str | None

    @property
    def names(self) -> frozenset[str]:
        """The types it stands for."""
        return frozenset(name for name in (self.fhir, self.system) if name)


def type_name(tree: Tree, site: Site) -> TypeName:
    """The name of a type given as an argument, where it reads like a path.

    Raises:
        MalformedError: It is no name.
    """
    match tree:
        case Member(target=None, name=name):
            return TypeName(tree.offset, "", name)
        case Member(target=Member(target=None, name=namespace), name=name):
            return TypeName(tree.offset, namespace, name)
        case Call():
            raise site.malformed("the name of a type expected, a function call found")
    raise site.malformed(f"the name of a type expected, {tree} found")


def named_type(name: TypeName, types: TypeModel, site: Site) -> NamedType:
    """What a name stands for.

    A name in the system's namespace that the system does not have is no error, it just matches nothing.

    Raises:
        InvalidError: No type is called so.
    """
    system = f"System.{name.name}" if name.namespace in ("", "System") else None
    fhir = name.name if name.namespace in ("", "FHIR") else None
    found = NamedType(
        fhir=fhir if fhir and types.node(fhir) else None, system=system if system in _SYSTEM_NAMES else None
    )
    if not found.names and name.namespace != "System":
        raise site.invalid(f"a type expected, {name} is none")
    return found


def is_test(wanted: NamedType, types: TypeModel) -> Callable[[str], bool]:
    """Whether a type is the one wanted or builds on it; answers are kept."""
    return _remembered(lambda name: _builds_on(name, wanted, types))


def pick_test(wanted: NamedType, types: TypeModel) -> Callable[[str], bool]:
    """Whether ``as`` and ``ofType`` pick items of a type; answers are kept."""
    node = types.node(wanted.fhir) if wanted.fhir else None
    if node is not None and node.kind == "primitive":
        return _remembered(lambda name: name in wanted.names)
    return is_test(wanted, types)


def _builds_on(name: str, wanted: NamedType, types: TypeModel) -> bool:
    if name.startswith("System."):
        return wanted.system in (name, "System.Any")
    return wanted.fhir is not None and types.is_a(name, wanted.fhir)


def _remembered(test: Callable[[str], bool]) -> Callable[[str], bool]:
    """The test with a memory; it is small, since data may make up names of types."""
    return lru_cache(maxsize=1024)(test)
