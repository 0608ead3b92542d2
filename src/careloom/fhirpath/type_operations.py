"""``is``, ``as`` and ``ofType``: code that asks for the type of items, or picks those of a type."""

from careloom.definitions.types import TypeModel
from careloom.fhirpath.ast import TypeName
from careloom.fhirpath.code import TRUTH, Code, Shape, single
from careloom.fhirpath.environment import Scope
from careloom.fhirpath.nodes import ABSTRACT_RESOURCES, Item, type_of
from careloom.fhirpath.operators import combined
from careloom.fhirpath.sources import Site
from careloom.fhirpath.types import NamedType, is_test, named_type, pick_test
from careloom.model.records import replace


def type_test(operand: Code, name: TypeName, site: Site, types: TypeModel) -> Code:
    """``is``: whether the one item is of a type."""
    test, exact = is_test(named_type(name, types, site), types), operand.shape.exact
    get = single(operand, site)

    def run(this: Item, scope: Scope) -> bool | None:
        item = get(this, scope)
        return None if item is None else test(type_of(item, exact))

    return combined(run, TRUTH, operand)


def of_type(operand: Code, name: TypeName, site: Site, types: TypeModel, *, one_only: bool) -> Code:
    """``as`` and ``ofType``: the items of a type.

    Args:
        operand: What they are picked from.
        name: The type.
        site: Where it stands.
        types: Those there are.
        one_only: Whether several items are an error. ``as`` is for one item, but FHIR's own search parameters and
            invariants use it on many, so it is held to that in a strict compilation alone.
    """
    wanted = named_type(name, types, site)
    narrow = operand.narrowed(wanted.fhir) if operand.narrowed and wanted.fhir else None
    if narrow is not None and (narrow.shape.single or not one_only):
        return replace(narrow, variables=operand.variables)
    return replace(_picked(operand, wanted, site, types, one_only=one_only), variables=operand.variables)


def _picked(operand: Code, wanted: NamedType, site: Site, types: TypeModel, *, one_only: bool) -> Code:
    test, exact = pick_test(wanted, types), operand.shape.exact
    shape = replace(operand.shape, types=_picked_types(operand.shape, wanted, types))
    get = operand.run

    def run_single(this: Item, scope: Scope) -> Item:
        item = get(this, scope)
        return item if item is not None and test(type_of(item, exact)) else None

    def run_many(this: Item, scope: Scope) -> list[Item]:
        items = get(this, scope)
        if one_only and len(items) > 1:
            raise site.invalid(f"one item expected by 'as', {len(items)} found")
        return [item for item in items if test(type_of(item, exact))]

    return combined(run_single if operand.shape.single else run_many, shape, operand)


def _picked_types(shape: Shape, wanted: NamedType, types: TypeModel) -> frozenset[str]:
    """The one type known already if it is or builds on the one wanted, else the one wanted."""
    exact = shape.exact
    if exact is not None and exact not in ABSTRACT_RESOURCES and pick_test(wanted, types)(exact):
        return frozenset({exact})
    if wanted.fhir and shape.types is not None and not any(type.startswith("System.") for type in shape.types):
        return frozenset({wanted.fhir})
    return wanted.names
