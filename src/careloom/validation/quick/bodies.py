"""The code that judges an object of one shape, with that of the objects in it.

What an object holds is judged in place, for the shapes that the first object met had there; any other shape goes to
the table of its type. So one function judges most of a resource, in one go and without a call for each object, and
still no order of keys further down needs a function of its own further up.

The object as a whole is written here, its properties by `properties`, the objects in them by `objects`.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from careloom.fhirpath.ast import Tree
from careloom.validation.datatypes import RULED_TYPES
from careloom.validation.quick import asking, codes
from careloom.validation.quick.coded import write_coding
from careloom.validation.quick.formats import texts_guard
from careloom.validation.quick.memos import Values, in_force, names_in, parsed
from careloom.validation.quick.presence import outcome, presence_of
from careloom.validation.quick.properties import write_property
from careloom.validation.quick.recurring import RECURRING, UNITS
from careloom.validation.quick.shapes import Keys
from careloom.validation.quick.writing import Place, Source, known_keys
from careloom.validation.schema import Constraint, Node, Property

if TYPE_CHECKING:
    from careloom.validation.quick.judges import Judges

Inner = Callable[[Any, Any, Any], bool]


class Body:
    """Writes the judge of one shape into a function.

    Attributes:
        judges: The tables of the types.
        source: The function as far as it is written.
        node: The type.
        keys: The shape.
        place: Where the object stands.
        bound: Name of what remembers the codes of the place, `codes.BoundConcepts`; empty where none are asked for.
        level: How many objects it stands in that are judged in the same function.
        signed: Keys of which a profile, whose code follows, would know the signature.
        depth: How deep in the function the code stands that is being written.
        variables: By key, the variable that holds its value.
        texts: By key, the variable that holds the text of a value that is remembered by it.
        signatures: By key, the variable that holds what an object or a list comes to in codes, that is in the texts and
            units of its parts; None in it where that is not known.
        is_apart: Whether nothing is remembered of the properties as they stand here.
    """

    def __init__(
        self,
        judges: "Judges",
        source: Source,
        node: Node,
        keys: Keys,
        place: Place,
        *,
        bound: str = "",
        level: int = 0,
        signed: frozenset[str] = frozenset(),
    ) -> None:
        self.judges = judges
        self.memos = judges.memos
        self.source = source
        self.node = node
        self.keys = keys
        self.place = place
        self.bound = bound
        self.level = level
        self.signed = signed
        self.depth = place.depth
        self.variables = {key: source.variable() for key in keys}
        self.texts: dict[str, str] = {}
        self.signatures: dict[str, str] = {}
        self.is_apart = False
        self._own = ""
        self._texts: list[str] = []

    def nested(self, node: Node, keys: Keys, place: Place, bound: str, signed: frozenset[str] = frozenset()) -> "Body":
        """The body of an object that this one holds."""
        return Body(self.judges, self.source, node, keys, place, bound=bound, level=self.level + 1, signed=signed)

    def write(self, sample: Any) -> None:
        """Write it all but what puts the values into variables.

        Args:
            sample: An object of this shape, whose parts have the shapes that are judged in place.
        """
        write = _CODED.get(self.node.name)
        if write is None or not write(self, sample):
            self.write_properties(sample)
        if self.bound:
            self.require(f"{self.bound}.is_fine({self.place.value}, {self.place.path}, c)")

    def write_properties(self, sample: Any, depth: int | None = None) -> None:
        """Write the checks of each property and of the whole, without what is remembered of the whole.

        Args:
            sample: As above.
            depth: How deep in the function, where it is not where the object is met.
        """
        self.depth = depth or self.place.depth
        known = {key: (property, is_beside) for key, property, is_beside in known_keys(self.node, self.keys)}
        recurring = RECURRING.get(self.node.name)
        held = recurring.held(self) if recurring else ()
        for key, (property, is_beside) in known.items():
            if key not in held:
                write_property(self, key, property, is_beside, sample.get(key))
        self._write_texts()
        self._own_id()
        self._invariants()
        self._extensions()
        if recurring and held:
            self._own = recurring.open(self)
            self.depth += 1
            for key in held:
                write_property(self, key, known[key][0], False, sample.get(key))
            self._write_texts()
            self.ask(asking.datatype_is_silent, self.place.value, repr(self.node.name), self.place.path, "c")
            recurring.close(self, self._own)
            self.depth -= 1
        else:
            self._rule()

    def write_one(self, key: str, known: Property, sample: Any) -> None:
        """Write the judge of one property, which is the value ``v``."""
        self.variables[key] = "v"
        write_property(self, key, known, False, sample)
        self._write_texts()

    def write_apart(self, key: str, known: Property, sample: Any) -> None:
        """Write the judge of one property, which is the value ``v``, with no thought of what is remembered of it."""
        self.is_apart = True
        self.write_one(key, known, sample)

    def own_signature(self) -> str:
        """What the object comes to in codes: its unit, or what all of its properties do; empty if it is more."""
        if self._own:
            return self._own
        parts = [self.texts.get(key) or self.signatures.get(key, "") for key in self.keys]
        return f"({', '.join(parts)},)" if all(parts) else ""

    def add(self, line: str, more: int = 0) -> None:
        """Add a line, so much deeper than what is being written."""
        self.source.add(line, self.depth + more)

    def require(self, condition: str, more: int = 0) -> None:
        """Look closer where a condition is not true."""
        self.source.require(condition, self.depth + more)

    def refuse_if(self, condition: str, more: int = 0) -> None:
        """Look closer where a condition is true."""
        self.source.refuse_if(condition, self.depth + more)

    def ask(self, question: Callable[..., bool], *arguments: str) -> None:
        """Look closer where the answer to a question is no."""
        self.require(f"{self.memos.asked(question)}({', '.join(arguments)})")

    def add_text(self, value: str) -> None:
        """Have a text judged together with the others of the object."""
        self._texts.append(value)

    def return_to_place(self) -> None:
        """Go on writing as deep as the object stands."""
        self.depth = self.place.depth

    def write_constraints(self, constraints: Iterable[Constraint], place: Place, type: str) -> None:
        """Write the checks of invariants on what stands in a place."""
        self.memos.write_constraints(
            self.source, constraints, type, value=place.value, path=place.path, depth=place.depth
        )

    def _write_texts(self) -> None:
        if self._texts:
            self.refuse_if(texts_guard(self._texts))
            self._texts.clear()

    def _own_id(self) -> None:
        """An id is of its own within the resource, but for those of ElementDefinition; see `structure`."""
        if self.node.kind == "resource" or self.node.name == "ElementDefinition" or "id" not in self.keys:
            return
        own = self.variables["id"]
        self.refuse_if(f"{own} in c.scope.ids")
        self.add(f"c.scope.ids.add({own})")

    def _invariants(self) -> None:
        presence = presence_of(self.node, self.keys)
        for constraint in in_force(self.node.constraints):
            tree = parsed(constraint.expression)
            if tree is None or outcome(tree, presence) is None:
                self.memos.write_constraints(
                    self.source,
                    [constraint],
                    self.node.name,
                    value=self.place.value,
                    path=self.place.path,
                    depth=self.depth,
                    about=Values(self.variables, self._texts_of(tree) if tree else {}),
                )

    def _texts_of(self, tree: Tree) -> dict[str, str]:
        """The texts that an invariant depends on, by key, if that is all it depends on; else nothing."""
        named = names_in(tree) or ()
        keys = [key for key, known, _ in known_keys(self.node, self.keys) if known.element.name in named]
        return {key: self.texts[key] for key in keys} if set(keys) <= self.texts.keys() else {}

    def _extensions(self) -> None:
        if "extension" in self.keys or "modifierExtension" in self.keys:
            self.ask(asking.extensions_are_fine, self.place.value, repr(self.node.name), self.place.path, "c")

    def _rule(self) -> None:
        """What `careloom.validation.datatypes` says of the type, unless these keys leave nothing to say."""
        name = self.node.name
        if name not in RULED_TYPES or not _NEEDED.get(name, frozenset()) <= set(self.keys):
            return
        ask = f"{self.memos.asked(asking.datatype_is_fine)}({self.place.value}, {name!r}, {self.place.path}, c)"
        if name == "Coding":
            self.require(f"{self.memos.of(codes.Codings)}.ask({self.place.value}, {self.place.path}, c)")
        elif name == "Reference":  # an address in a resource that stands alone leads nowhere, and so can do no wrong
            self.refuse_if(f"not (c.is_alone and is_address({self.variables['reference']})) and not {ask}")
        elif name == "Narrative":
            self.require(f"{self.memos.asked(asking.narrative_is_fine)}({self.place.value}, {self.place.path}, c)")
        else:
            self.require(ask)


_CODED: dict[str, Callable[[Body, Any], bool]] = {"Coding": write_coding}
"""Types whose judge begins with what is remembered; false where nothing is, and nothing has been written."""

_QUANTITY = frozenset(["system", "code"])
_NEEDED: dict[str, frozenset[str]] = {
    "Attachment": frozenset(["data", "size"]),
    "Coding": frozenset(["system"]),
    "Identifier": frozenset(["system"]),
    "Narrative": frozenset(["div"]),
    "Reference": frozenset(["reference"]),
    **dict.fromkeys(UNITS, _QUANTITY),
}
"""Type to the keys without which its rule in `careloom.validation.datatypes` has nothing to say."""
