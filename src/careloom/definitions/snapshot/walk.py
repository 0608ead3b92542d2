"""The differential stepping down the tree of the base.

For each element of the differential: lay it over the element of the base, then its children, then its slices,
so that a slice made here begins with all that is said of the element it is a slice of. That includes the slices
*inside* that element: a slice of ``component`` inherits the slices of ``component.code.coding``.

Where the differential steps into an element whose type has not been unfolded yet, the children come from the
type, from the profile on the type, or from what a content reference repeats.
"""

from collections.abc import Callable, Iterator
from typing import Any

from careloom.definitions.snapshot import rules
from careloom.definitions.snapshot.merge import overlay, with_source
from careloom.definitions.snapshot.slicing import implied_slicing, is_unknown, new_slice, with_choices
from careloom.definitions.snapshot.tree import Element, Node
from careloom.model.errors import DefinitionError
from careloom.model.records import dataclass, field

Unfold = Callable[[str, str], Node | None]
"""Gives the tree of a structure definition by canonical URL and the element that needs it, or None without one."""

_OF_EVERY_TYPE = frozenset({"id", "extension"})
_NOT_OF_THE_ELEMENT = frozenset({"Reference", "canonical"})


@dataclass(slots=True)
class Walk:
    """One differential on its way over one tree.

    Attributes:
        url: Of the definition whose differential it is, for messages and as source of its invariants.
        base: The tree of the base as it was before, which content references point into.
        unfold: Gives the trees of types and profiles.
        find: Gives definitions, for the rules.
        may_add: Whether elements that the base does not have are new ones, as in a specialization.
        notes: What is odd and yet no reason to stop: element id and sentence.
    """

    url: str
    base: Node
    unfold: Unfold
    find: rules.Find
    may_add: bool = False
    notes: list[tuple[str, str]] = field(default_factory=list)

    def apply(self, node: Node, change: Node, id: str) -> None:
        """Lay a change and all below it over a node."""
        before = node.element
        if change.element:
            self._lay_over(node, change, id)
        if any(is_unknown(node, child) for child in change.children):
            self._unfold(node, change, id)
        for child in with_choices(node, change.children):
            self._apply_child(node, child, f"{id}.{child.name}")
        for slice in change.slices:
            self._apply_slice(node, slice, before, f"{id.removesuffix(f':{node.slice}')}:{slice.slice}")

    def _lay_over(self, node: Node, change: Node, id: str) -> None:
        element = with_source(change.element, self.url)
        for violation in rules.violations(node.element, element, self.find):
            raise DefinitionError(violation, url=self.url, element=id)
        node.element = overlay(self._typed(node.element, element, id), element)

    def _apply_child(self, node: Node, change: Node, id: str) -> None:
        target = node.child(change.name)
        if target is not None:
            self.apply(target, change, id)
        elif self.may_add:
            node.children.append(_added(change))
        else:
            raise DefinitionError("the base has no such element", url=self.url, element=id)

    def _apply_slice(self, node: Node, change: Node, before: Element, id: str) -> None:
        """Lay a change over a slice of a node, which was as ``before`` in the base."""
        resliced = node.find_slice(change.slice.rpartition("/")[0])
        if resliced is not None:
            node, before = resliced, resliced.element
        slice = node.find_slice(change.slice)
        if slice is None:
            if before.get("slicing", {}).get("rules") == "closed":
                raise DefinitionError("the base closes the slicing, no slice can be added", url=self.url, element=id)
            node.element = implied_slicing(node)
            slice = new_slice(node, change)
            node.slices.append(slice)
            self._let_contradict(slice, change, before, id)
        self.apply(slice, change, id)

    def _let_contradict(self, slice: Node, change: Node, before: Element, id: str) -> None:
        """Let a new slice occur more often than the same differential lets what it is a slice of, up to the base.

        FHIR has this itself: codesystem-history forbids the extensions that it then makes mandatory.
        """
        most, limit = change.element.get("max", "0"), slice.element.get("max", "*")
        if rules.above(most, limit) and not rules.above(most, before.get("max", "*")):
            self.notes.append((id, f"max: at most {limit} expected as in what it is a slice of, found {most}"))
            slice.element = {**slice.element, "max": most}

    def _typed(self, lower: Element, upper: Element, id: str) -> Element:
        """The base's element with what the profile on its type says of it, when the differential names one."""
        profile = _single_profile(upper)
        if profile is None:
            return lower
        root = self.unfold(profile, id)
        if root is None:
            self._note_unknown(profile, id)
            return lower
        is_new_extension = upper["type"][0]["code"] == "Extension" and profile != _single_profile(lower)
        return _with_profile(lower, root.element, is_extension=is_new_extension)

    def _unfold(self, node: Node, change: Node, id: str) -> None:
        """Give a node the children of its type that it does not have yet."""
        source = self._content(node, change, id)
        if source is not None:
            have = {child.name: child for child in node.children}
            unfolded = [have.pop(child.name) if child.name in have else child.copy() for child in source.children]
            node.children = [*unfolded, *have.values()]

    def _content(self, node: Node, change: Node, id: str) -> Node | None:
        """The tree whose children are those of a node; None where only its own children are known."""
        reference = node.element.get("contentReference")
        if reference:
            target = self._referenced(reference, id)
            own = {key: value for key, value in node.element.items() if key != "contentReference"}
            node.element = {**own, "type": target.element["type"]}
            return target
        types = node.element.get("type", ())
        if len(types) > 1 and not all(child.name in _OF_EVERY_TYPE for child in change.children):
            codes = ", ".join(type["code"] for type in types)
            raise DefinitionError(f"stepped into, so one type expected, found {codes}", url=self.url, element=id)
        for canonical in _content_types(node.element):
            tree = self.unfold(canonical, id)
            if tree is not None:
                return tree
            self._note_unknown(canonical, id)
        return None

    def _note_unknown(self, canonical: str, id: str) -> None:
        self.notes.append(
            (id, f"{canonical} is not in the loaded definitions, or holds itself: its content is unknown")
        )

    def _referenced(self, reference: str, id: str) -> Node:
        """What a content reference, ``#Questionnaire.item``, repeats."""
        first, *rest = reference.rpartition("#")[2].split(".")
        node = self.base if first == self.base.name else self.unfold(rules.TYPES_BASE + first, id)
        for name in rest:
            node = node.child(name) if node else None
        if node is None:
            raise DefinitionError(f"content reference {reference} points at nothing", url=self.url, element=id)
        return node


def _single_profile(element: Element) -> str | None:
    """The profile on the type of an element, when there is one type with one profile."""
    types = element.get("type", ())
    if len(types) != 1 or types[0]["code"] in _NOT_OF_THE_ELEMENT or len(types[0].get("profile", ())) != 1:
        return None
    profile: str = types[0]["profile"][0]
    return profile


def _content_types(element: Element) -> Iterator[str]:
    """The canonical URLs that may tell the content of an element, the most telling first."""
    types: list[dict[str, Any]] = element.get("type", [])
    profile = _single_profile(element)
    if profile:
        yield profile
    if len(types) == 1:
        yield rules.TYPES_BASE + types[0]["code"].rpartition("/")[2]
    elif types:
        yield f"{rules.TYPES_BASE}Element"


def _with_profile(lower: Element, root: Element, *, is_extension: bool) -> Element:
    """An element with its invariants and those of the profile on its type; an extension also lends its words.

    How often an extension may occur is said at the root of its definition, and holds wherever it is used.
    """
    if not is_extension:
        return overlay(lower, {"constraint": root["constraint"]}) if "constraint" in root else lower
    kept = ("short", "definition", "comment", "requirements", "alias", "constraint", "isModifier", "isModifierReason")
    merged = overlay(lower, {key: root[key] for key in kept if key in root})
    merged["min"] = max(lower.get("min", 0), root["min"])
    merged["max"] = root["max"] if rules.above(lower.get("max", "*"), root["max"]) else lower["max"]
    return merged


def _added(change: Node) -> Node:
    """An element that a specialization adds, with all that is below it."""
    element = change.element
    base = {"path": element.get("path", change.name), "min": element.get("min", 0), "max": element.get("max", "*")}
    return Node(change.name, "", {**element, "base": base}, [_added(child) for child in change.children])
