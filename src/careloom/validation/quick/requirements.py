"""The code of one element of a profile, for the objects of one shape or the values of a primitive type."""

from typing import TYPE_CHECKING

from careloom.model.records import dataclass
from careloom.validation.bindings import CODED
from careloom.validation.nodes import is_primitive
from careloom.validation.quick import asking, codes
from careloom.validation.quick.children import write_child
from careloom.validation.quick.memos import can_tell, in_force, parsed
from careloom.validation.quick.presence import outcome, presence_of
from careloom.validation.quick.shapes import Keys
from careloom.validation.quick.writing import Source, unpacked
from careloom.validation.schema import Element, Required, TypeRule
from careloom.validation.values import meets

if TYPE_CHECKING:
    from careloom.validation.quick.overlays import Overlays

RESOURCES = ("Resource", "DomainResource")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is judged by an element.

    Attributes:
        type: Of the value ``v``.
        keys: Of the value; empty for a primitive type.
        profile: That the element is the root of; there the check comes without it, to save making another.
    """

    type: str
    keys: Keys = ()
    profile: str = ""


class Requirements:
    """Writes the function of an element of a profile.

    Attributes:
        overlays: The functions of other elements.
        source: The function as far as it is written.
        type: Of the value.
        keys: Of the value.
        node: The type, where it is complex.
        variables: By key, the variable that holds its value.
        texts: By key, the variable that holds the text of a value that is remembered by it, where there is one.
        signatures: By key, the variable that holds what an object or a list comes to in codes, see `bodies.Body`.
    """

    def __init__(self, overlays: "Overlays", source: Source, element: Element, subject: Subject) -> None:
        self.overlays = overlays
        self.source = source
        self.type = subject.type
        self.keys = subject.keys
        self.node = overlays.library.node(subject.type)
        self.variables: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.signatures: dict[str, str] = {}
        self._memos = overlays.memos
        self._element = element
        self._profile = subject.profile

    def write(self) -> None:
        """Write it all, after what puts the values into variables, unless that has been written."""
        element, source = self._element, self.source
        fitting = tuple(one for one in element.types if self.overlays.is_of(self.type, one))
        if element.types and not fitting:
            source.add("return False")
            return
        if not self._is_covered():
            ask = self._memos.asked(asking.content_is_fine)
            source.add(f"return {ask}({self._memos.names.of(element)}, v, {self.type!r}, p, {self.check(element)})")
            return
        if self.keys and not self.variables:
            self.variables = {key: source.variable() for key in self.keys}
            source.add(unpacked(self.variables, "v"))
        self._value()
        self._types(fitting)
        for child in element.children.values():
            write_child(self, child)
        source.add("return True")

    def check(self, element: Element) -> str:
        """The check, under the profile where something may be told about an element."""
        return f"c.under({self._profile!r})" if self._profile and may_tell(element) else "c"

    def _is_covered(self) -> bool:
        """Whether functions are written for what is said, and the type is known before the data is."""
        element = self._element
        says_more = (
            element.limits,
            element.max_length is not None,
            element.narrative_language or element.narrative_source,
        )
        return self.type not in RESOURCES and not any(says_more)

    def _value(self) -> None:
        element, source, type = self._element, self.source, self.type
        for required in element.required:
            source.require(self._meets(required))
        if element.binding and can_tell(element.binding):
            check = self.check(element)
            if type in CODED:
                memo = self._memos.of(codes.BoundCodes, type, element.binding)
                source.refuse_if(f"v not in {memo} and not {memo}.is_fine(v, p, {check})")
            elif not is_primitive(type):
                memo = self._memos.of(codes.BoundConcepts, type, element.binding)
                code = ", ".join(self.variables.get(key, "None") for key in ("system", "code"))
                source.refuse_if(f"({code}) not in {memo} and not {memo}.is_fine(v, p, {check})")
        presence = presence_of(self.node, self.keys) if self.node and self.keys else {}
        for constraint in element.constraints:
            tree = parsed(constraint.expression)
            if not (tree and presence and outcome(tree, presence)):
                self._memos.write_constraints(source, [constraint], type)

    def _meets(self, required: Required) -> str:
        if isinstance(required.value, str):
            return f"(v == {required.value!r})"
        return f"{self._memos.asked(meets)}(v, {self._memos.names.of(required)})"

    def _types(self, fitting: tuple[TypeRule, ...]) -> None:
        source, type = self.source, self.type
        if any(rule.targets for rule in fitting) and type == "Reference":
            memo = self._memos.plain_references(fitting)
            is_known = f"c.is_alone and len(v) == 1 and v.get('reference') in {memo}"
            source.add(f"if not ({is_known}) and not {memo}.is_plain(v, c):")
            self._memos.write_targets(source, fitting, "v", "p", 2)
        profiles = [profile for rule in fitting for profile in rule.profiles]
        if not profiles or not all(rule.profiles for rule in fitting):
            return
        if type == "Extension" and len(profiles) == 1:
            url = profiles[0].partition("|")[0]
            source.refuse_if(f"v.get('url') != {url!r}")  # one by that address has been judged by its definition
            return
        schema = self.overlays.library.find_schema(profiles[0]) if len(profiles) == 1 else None
        if schema is not None:
            judge = self._memos.names.of(self.overlays.schema(schema, type))
            source.require(f"{judge}(v, p, c)")
        else:
            whole = Element(id="", name="", types=fitting)
            ask = self._memos.asked(asking.content_is_fine)
            source.require(f"{ask}({self._memos.names.of(whole)}, v, {type!r}, p, c)")


def says_targets_alone(element: Element) -> bool:
    """Whether of one occurrence of an element nothing is said but what it may refer to."""
    says_more = (
        any(rule.profiles for rule in element.types),
        element.required,
        element.children,
        element.limits,
        can_tell(element.binding),
        any(in_force(element.constraints)),
    )
    return any(rule.targets for rule in element.types) and not any(says_more)


def may_tell(element: Element) -> bool:
    """Whether an element, or one below, may tell an issue of a fine result: that a value set is unknown here."""
    below = (*element.children.values(), *element.slices)
    return can_tell(element.binding) or any(map(may_tell, below))
