"""What a profile says of codes alone, so that it is settled by the codes whatever else they come with.

The codes of a value are its text, where it is a concept; its unit and system, where it is a quantity; and those of its
parts, where it has no others. So are those of a list of such values: that the components of a blood pressure are the
two that the profile wants, each in its unit, is settled whatever was measured.
"""

from collections.abc import Iterator

from careloom.validation.library import Library
from careloom.validation.quick.memos import can_tell, in_force, names_in, parsed
from careloom.validation.quick.presence import asks_presence_alone
from careloom.validation.quick.recurring import UNITS
from careloom.validation.schema import Constraint, Element

CONCEPTS = frozenset(["CodeableConcept", "Coding"])
_UNIT = frozenset(["system", "code", "unit"])
_PARTS = frozenset(["coding", "display", "text", "userSelected", "version"]) | _UNIT


class Settling:
    """Finds out of elements whether codes settle them.

    Each answer is the set of the value sets that are asked of, None where something else counts as well.
    """

    def __init__(self, library: Library) -> None:
        self._library = library

    def by_codes(self, element: Element, type: str) -> frozenset[str] | None:
        """The answer for an element, with its slices, of a type.

        Args:
            element: What is said.
            type: ``CodeableConcept`` or ``Coding``, a kind of quantity, or a part of a resource; of any other,
                something else may be said.
        """
        return self._asked(element, type) if has_codes(type) else None

    def keys(self, root: Element, type: str) -> Iterator[tuple[str, str]]:
        """The keys of a type, each with what it stands for, whose values are settled by codes though not by text."""
        node = self._library.node(type)
        for child in root.children.values() if node else ():
            for key, known in node.properties.items() if node else ():
                code = known.type.code
                if known.element.name == child.name and code not in CONCEPTS and self.by_codes(child, code) is not None:
                    yield key, code

    def _asked(self, element: Element, type: str) -> frozenset[str] | None:
        says_more = (
            any(rule.profiles or rule.targets for rule in element.types),
            element.limits,
            element.max_length is not None,
            element.must_have_value,
            element.narrative_language or element.narrative_source,
            not all(map(_is_of_presence if "." in type else _is_never, in_force(element.constraints))),
            element.required and (type in UNITS or "." in type),
        )
        if any(says_more):
            return None
        found = _value_sets(element)
        parts = [self._asked_below(child, type) for child in element.children.values()]
        parts += [self._asked(slice, type) for slice in element.slices]
        for part in parts:
            if part is None:
                return None
            found |= part
        return found

    def _asked_below(self, child: Element, type: str) -> frozenset[str] | None:
        """The answer for a child of an element of a type."""
        if type in CONCEPTS:
            return self._asked(child, "Coding") if child.name in _PARTS else None
        if type in UNITS:
            return self._asked(child, "code") if child.name in _UNIT else _counted(child) if not child.is_list else None
        node = self._library.node(type)
        base = node.elements.get(child.name) if node else None
        if base is None:
            return None
        found: frozenset[str] = frozenset()
        for code in filter(has_codes, {rule.code for rule in child.types or base.types}):
            part = self._asked(child, code)
            if part is None:
                return None
            found |= part
        return found


def has_codes(type: str) -> bool:
    """Whether values of a type come to codes; what has a part that does not comes to none itself."""
    return type in CONCEPTS or type in UNITS or "." in type


def _counted(element: Element) -> frozenset[str] | None:
    """The answer for an element of which nothing may be said but how often it is there."""
    says_more = (
        any(rule.profiles or rule.targets for rule in element.types),
        element.limits,
        element.max_length is not None,
        element.must_have_value,
        element.narrative_language or element.narrative_source,
        element.required,
        element.children,
        element.slices,
        can_tell(element.binding),
        any(in_force(element.constraints)),
    )
    return None if any(says_more) else frozenset()


def _is_of_presence(constraint: Constraint) -> bool:
    """Whether an invariant of an object is decided by its keys."""
    tree = parsed(constraint.expression)
    names = names_in(tree) if tree else None
    return tree is not None and names is not None and asks_presence_alone(tree, names)


def _is_never(constraint: Constraint) -> bool:
    return False


def _value_sets(element: Element) -> frozenset[str]:
    binding = element.binding
    if binding is None or not can_tell(binding):
        return frozenset()
    return frozenset([binding.value_set, binding.max_value_set])
