"""Resources made up from definitions: what is required, and of the rest as much as chance gives.

A specimen meets all that a snapshot says in a form that can be filled in: cardinality, types, bindings, fixed values,
patterns, slices. Whether it meets the invariants is luck; `tests.mutants.sources` keeps those that do.
"""

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

from tests.mutants.samples import COMPLEX, FORMAL_CODES, PRIMITIVES
from tests.mutants.shapes import CORE, Shape, Shapes, TypeUse

from careloom.model import Resource
from careloom.model.errors import CareloomError
from careloom.terminology import Terminology

_NEVER_CHOSEN = frozenset(
    ["id", "extension", "modifierExtension", "contained", "meta", "implicitRules", "language", "display", "xpath"]
)
_DEEPEST = 4


class Filler:
    """Makes values and resources, the same ones for the same seed."""

    def __init__(self, shapes: Shapes, terminology: Terminology) -> None:
        self.shapes = shapes
        self._terminology = terminology
        self._codes: dict[str, list[tuple[str, str]]] = {}
        self._makers: Mapping[str, Callable[[Shape, TypeUse, Random], Any]] = {
            "primitive": self._primitive,
            "CodeableConcept": self._coded,
            "Coding": self._coded,
            "Reference": lambda shape, use, random: {"reference": f"{self._target(use, random)}/specimen-target"},
            "Extension": self._extension,
            "Resource": _inner_resource,
            "DomainResource": _inner_resource,
        }

    def resource(self, canonical: str, random: Random, density: float) -> Resource:
        """A resource of a type or profile.

        Args:
            canonical: Of a profile, or the name of a type.
            random: Decides what is there.
            density: Share of the optional elements that are, at the top; less further down.
        """
        root = self.shapes.root(canonical)
        if root is None:
            raise LookupError(f"{canonical} has no definition to make a specimen by")
        name = root.structure.type
        return {"resourceType": name, "id": "specimen"} | self._object(root, TypeUse(name, (), ()), random, density, 0)

    def value(self, shape: Shape, use: TypeUse, random: Random, density: float = 0.0, depth: int = _DEEPEST) -> Any:
        """A value of an element where it has a type."""
        if shape.value is not None:
            return shape.value[1]
        make = self._makers.get("primitive" if use.is_primitive else use.code)
        made = make(shape, use, random) if make else None
        return made if made is not None else self._complex(shape, use, random, density, depth)

    def _complex(self, shape: Shape, use: TypeUse, random: Random, density: float, depth: int) -> Any:
        """A sample of types whose parts depend on each other, with what the definition fixes; else part by part."""
        sample = COMPLEX.get(use.code)
        if sample is not None and not _has_values(shape):
            return sample
        return {**(sample or {}), **self._object(shape, use, random, density, depth)}

    def codes(self, value_set: str) -> list[tuple[str, str]]:
        """The (system, code) pairs of a value set, sorted; none for one without content."""
        if value_set not in self._codes:
            self._codes[value_set] = self._listed(value_set)
        return self._codes[value_set]

    def _listed(self, value_set: str) -> list[tuple[str, str]]:
        resource = self.shapes.definitions.find(value_set, "ValueSet")
        for include in (resource or {}).get("compose", {}).get("include", ()):
            if include.get("system") in FORMAL_CODES and "concept" not in include:
                return [(include["system"], FORMAL_CODES[include["system"]][0])]
        try:
            return sorted(self._terminology.expand(value_set).codes)
        except CareloomError:
            return []

    def _object(self, shape: Shape, use: TypeUse, random: Random, density: float, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for child in self.shapes.children(shape, use):
            for key, value in self._property(child, random, density if depth < _DEEPEST else 0.0, depth):
                made[key] = value
        return made or ({"id": f"e{random.randrange(10**9)}"} if depth else made)

    def _property(self, child: Shape, random: Random, density: float, depth: int) -> Iterator[tuple[str, Any]]:
        is_wanted = child.name not in _NEVER_CHOSEN and child.max != 0 and random.random() < density
        is_needed = child.min > 0 or (depth > 0 and _has_values(child))
        slices = self._slices(child, is_wanted or is_needed, random, density)
        if child.max == 0 or not (is_wanted or is_needed or slices):
            return
        key, use = random.choice(list((slices[0] if slices and child.is_choice else child).keys))
        values = [self._slice(one, use, random, density, depth) for one in slices]
        while len(values) < max(child.min, 0 if slices else 1):
            values.append(self.value(child, use, random, density / 2, depth + 1))
        yield key, (values[: child.max] if child.is_list else values[0])

    def _slices(self, child: Shape, is_there: bool, random: Random, density: float) -> list[Shape]:
        """The slices to fill: those that must be there, some that may; all if nothing else is allowed."""
        is_closed = child.slicing.get("rules") == "closed"
        found = [
            slice
            for slice in self.shapes.slices(child)
            if slice.max != 0 and (slice.min > 0 or (is_there and (is_closed or random.random() < density)))
        ]
        if not child.is_choice:
            return found
        return [random.choice(self.shapes.slices(child))] if is_there and self.shapes.slices(child) else found[:1]

    def _slice(self, slice: Shape, use: TypeUse, random: Random, density: float, depth: int) -> Any:
        uses = slice.types or (use,)
        narrowed = next((one for one in uses if one.code == use.code), uses[0])
        return self.value(slice, narrowed, random, density, depth + 1)

    def _primitive(self, shape: Shape, use: TypeUse, random: Random) -> Any:
        codes = self.codes(_value_set(shape, "required")) if use.code in ("code", "uri", "string") else []
        return random.choice(codes)[1] if codes else random.choice(PRIMITIVES.get(use.code, ("specimen",)))

    def _coded(self, shape: Shape, use: TypeUse, random: Random) -> Any:
        """A concept out of the value set, unless the element is unfolded and says itself what is in it."""
        if _has_values(shape):
            return None
        codes = self.codes(_value_set(shape, "required", "extensible", "preferred"))
        system, code = random.choice(codes) if codes else ("https://specimens.invalid/system", "specimen")
        coding = {"system": system, "code": code}
        return coding if use.code == "Coding" else {"coding": [coding]}

    def _target(self, use: TypeUse, random: Random) -> str:
        types = [self.shapes.resource_type(target) for target in use.targets]
        return random.choice([type for type in types if type not in ("", "Resource", "DomainResource")] or ["Patient"])

    def _extension(self, shape: Shape, use: TypeUse, random: Random) -> dict[str, Any]:
        """One by the definition that a slice names; any other is data that is absent for a reason."""
        if use.profiles or shape.slice_name or shape.structure.type == "Extension":
            made = self._object(shape, use, random, 0.0, 1)
            if "extension" not in made and not any(key.startswith("value") for key in made):
                made |= self._extension_value(shape, use, random)
            if "url" in made:
                return made
        return {"url": f"{CORE}data-absent-reason", "valueCode": "unknown"}

    def _extension_value(self, shape: Shape, use: TypeUse, random: Random) -> Mapping[str, Any]:
        value = next((one for one in self.shapes.children(shape, use) if one.name == "value" and one.max != 0), None)
        if value is None:
            return {}
        key, type = random.choice(list(value.keys))
        return {key: self.value(value, type, random)}


def _inner_resource(shape: Shape, use: TypeUse, random: Random) -> Resource:
    return {"resourceType": "Basic", "id": f"b{random.randrange(10**9)}", "code": {"text": "specimen"}}


def _has_values(shape: Shape) -> bool:
    """Whether the snapshot unfolds the element and fixes a value in it."""
    structure = shape.structure
    below = (id for id in structure.elements if id.startswith(f"{shape.id}."))
    return shape.value is not None or ("." in shape.id and any(Shape(structure, id).value is not None for id in below))


def _value_set(shape: Shape, *strengths: str) -> str:
    binding = shape.definition.get("binding") or {}
    return str(binding.get("valueSet", "")) if binding.get("strength") in strengths else ""
