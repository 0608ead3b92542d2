"""A list of element definitions as a tree, and back.

A node is one element; beside its children it has its slices, which share its path. So the two lines
``Patient.identifier`` and ``Patient.identifier:nhs`` are one node with one slice. Re-slices (``nhs/old``)
are slices of a slice. The element definitions in the tree are never changed, only replaced, so that trees
may share them.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any

from careloom.model.records import dataclass, field

Element = dict[str, Any]
"""An ElementDefinition as JSON."""

Step = tuple[str, str]
"""Name and slice name, ``("identifier", "nhs")``; the slice name may be empty."""


@dataclass(slots=True)
class Node:
    """An element with what is below it and with its slices.

    Attributes:
        name: The last step of its path, ``value[x]``.
        slice: Slice name, empty for an element that is no slice.
        element: Its definition; ``id`` and ``path`` in it mean nothing, they follow from the tree.
        children: The elements below it, in order; empty also where the type has not been stepped into.
        slices: Its slices, in order.
    """

    name: str
    slice: str = ""
    element: Element = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)
    slices: list["Node"] = field(default_factory=list)

    @property
    def step(self) -> str:
        """Its step in an element id, ``identifier:nhs``."""
        return f"{self.name}:{self.slice}" if self.slice else self.name

    def child(self, name: str) -> "Node | None":
        """The child by that name."""
        return next((child for child in self.children if child.name == name), None)

    def find_slice(self, name: str) -> "Node | None":
        """The slice by that name, re-slices included."""
        for slice in self.slices:
            found = slice if slice.slice == name else slice.find_slice(name)
            if found:
                return found
        return None

    def copy(self) -> "Node":
        """The same tree in new nodes."""
        return Node(
            self.name,
            self.slice,
            self.element,
            [child.copy() for child in self.children],
            [slice.copy() for slice in self.slices],
        )


def read_tree(elements: Iterable[Element]) -> Node:
    """The tree of a snapshot or of a differential; elements that a differential leaves out are empty nodes.

    Args:
        elements: At least one; the first step of each path is the same.
    """
    elements = list(elements)
    steps = steps_of(elements)
    known: dict[tuple[Step, ...], Node] = {steps[0][:1]: Node(steps[0][0][0])}
    for element, place in zip(elements, steps, strict=True):
        node = _node_at(place, known)
        node.element = {**node.element, **element}
        if node.slice:
            node.slice = element.get("sliceName", node.slice)
    return known[steps[0][:1]]


def list_elements(root: Node, type_name: str) -> list[Element]:
    """The tree as a list, with ``id``, ``path`` and ``sliceName`` as the tree has them.

    Args:
        root: Of a snapshot.
        type_name: The first step of each path.
    """
    return list(_listed(root, type_name, type_name))


def steps_of(elements: Sequence[Element]) -> list[tuple[Step, ...]]:
    """The way to each element: by its id where that goes with its path, else by what stands before it.

    The first element of all is no slice, whatever a ``sliceName`` there may say. A path may have the shorthand
    ``valueQuantity`` where the id says ``value[x]:valueQuantity``. Unless the choice is sliced in so many words, it is
    the shorthand that counts, since it says more, see `slicing`.
    """
    sliced = {str(element.get("id", element["path"])) for element in elements if "slicing" in element}
    ways: list[tuple[Step, ...]] = []
    latest: dict[str, tuple[Step, ...]] = {}
    for element in elements:
        path = element["path"]
        way = _by_id(element, sliced) or _by_position(element, latest)
        for passed in [known for known in latest if known.startswith(f"{path}.")]:
            del latest[passed]
        latest[path] = way
        ways.append(way)
    return ways


def _by_id(element: Element, sliced: Container[str]) -> tuple[Step, ...] | None:
    id, names = element.get("id", ""), element["path"].split(".")
    steps = [(name, slice) for name, _, slice in (step.partition(":") for step in id.split("."))]
    if len(steps) != len(names) or not all(map(_goes_with, steps, names)):
        return None
    if "sliceName" in element and len(steps) > 1 and not steps[-1][1]:
        steps[-1] = (steps[-1][0], element["sliceName"])
    places = [".".join(id.split(".")[: depth + 1]).partition(f":{slice}")[0] for depth, (_, slice) in enumerate(steps)]
    return tuple(
        (name, "") if step == (step[0], name) and step[0] != name and place not in sliced else step
        for step, name, place in zip(steps, names, places, strict=True)
    )


def _goes_with(step: Step, name: str) -> bool:
    """Whether an id's step is for a path's; the path may have the shorthand ``valueQuantity`` for ``value[x]``."""
    return step[0] == name or (step[0].endswith("[x]") and name.startswith(step[0].removesuffix("[x]")))


def _by_position(element: Element, latest: dict[str, tuple[Step, ...]]) -> tuple[Step, ...]:
    above, _, name = element["path"].rpartition(".")
    if not above:
        return ((name, ""),)
    last = (name, element.get("sliceName", ""))
    return (*(latest.get(above) or _by_position({"path": above}, latest)), last)


def _node_at(way: tuple[Step, ...], known: dict[tuple[Step, ...], Node]) -> Node:
    found = known.get(way)
    if found is None:
        *above, (name, slice) = way
        found = known[way] = Node(name, slice)
        if slice:
            _sliced(tuple(above), name, slice, known).slices.append(found)
        else:
            _node_at(tuple(above), known).children.append(found)
    return found


def _sliced(above: tuple[Step, ...], name: str, slice: str, known: dict[tuple[Step, ...], Node]) -> Node:
    """What a slice is a slice of: the slice that it re-slices, else the element."""
    resliced = known.get((*above, (name, slice.rpartition("/")[0])))
    return resliced or _node_at((*above, (name, "")), known)


def _listed(node: Node, id: str, path: str) -> Iterator[Element]:
    element = {"id": id, "path": path, **{key: value for key, value in node.element.items() if key not in _PLACES}}
    if node.slice:
        element["sliceName"] = node.slice
    yield element
    for child in node.children:
        yield from _listed(child, f"{id}.{child.name}", f"{path}.{child.name}")
    for slice in node.slices:
        yield from _listed(slice, f"{_without_slice(id, node)}:{slice.slice}", path)


def _without_slice(id: str, node: Node) -> str:
    return id.removesuffix(f":{node.slice}") if node.slice else id


_PLACES = frozenset({"id", "path", "sliceName"})
