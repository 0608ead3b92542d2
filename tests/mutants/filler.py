"""Resources made up from definitions: what is required, and of the rest as much as chance gives.

A specimen meets all that a snapshot says in a form that can be filled in: cardinality, types, bindings, fixed values,
patterns, slices. Whether it meets the invariants is luck; `tests.mutants.sources` keeps those that do.
"""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from tests.mutants.samples import COMPLEX, FORMAL_CODES, PRIMITIVES
from tests.mutants.shapes import CORE, Shape, Shapes, TypeUse

from careloom.model import Resource
from careloom.model.errors import CareloomError
from careloom.terminology import Terminology

_NEVER_CHOSEN = frozenset(["id", "extension", "modifierExtension", "contained", "meta", "implicitRules", "language"])
_DEEPEST = 4


class Filler:
    """Makes values and resources, the same ones for the same seed."""

    def __init__(self, shapes: Shapes, terminology: Terminology) -> None:
        self.shapes = shapes
        self._terminology = terminology
        self._codes: dict[str, list[tuple[str, str]]] = {}

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
        if use.is_primitive:
            return self._primitive(shape, use, random)
        coded = self._coded(shape, use, random)
        if coded is not None:
            return coded
        if use.code == "Reference":
            return {"reference": f"{self._target(use, random)}/specimen-target"}
        if use.code in ("Resource", "DomainResource"):
            return {"resourceType": "Basic", "id": f"b{random.randrange(10**9)}", "code": {"text": "specimen"}}
        if use.code == "Extension":
            return self._extension(shape, use, random)
        made = self._object(shape, use, random, density, depth)
        sample = COMPLEX.get(use.code)
        if isinstance(sample, dict) and not self._is_constrained(shape):
            return sample
        return sample | made if isinstance(sample, dict) else made

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
        slices = [one for one in self.shapes.slices(child) if one.min > 0 or (is_wanted and random.random() < density)]
        if child.min == 0 and not is_wanted and not slices:
            return
        if child.is_choice:
            slices = slices[:1]
        key, use = random.choice(list((slices or [child])[0].keys if child.is_choice else child.keys))
        values = [self._slice(one, use, random, density, depth) for one in slices]
        least = max(child.min, 0 if slices else 1)
        while len(values) < least:
            values.append(self.value(child, use, random, density / 2, depth + 1))
        yield key, (values if child.is_list else values[0])

    def _slice(self, slice: Shape, use: TypeUse, random: Random, density: float, depth: int) -> Any:
        uses = slice.types or (use,)
        return self.value(slice, next((one for one in uses if one.code == use.code), uses[0]), random, density, depth)

    def _is_constrained(self, shape: Shape) -> bool:
        return shape.id in shape.structure.children and "." in shape.id

    def _primitive(self, shape: Shape, use: TypeUse, random: Random) -> Any:
        codes = self.codes(_value_set(shape, "required")) if use.code in ("code", "uri", "string") else []
        return random.choice(codes)[1] if codes else random.choice(PRIMITIVES.get(use.code, ("specimen",)))

    def _coded(self, shape: Shape, use: TypeUse, random: Random) -> Any:
        """A concept out of the value set, unless the element is unfolded and says itself what is in it."""
        if use.code not in ("CodeableConcept", "Coding") or self._is_constrained(shape):
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


def _value_set(shape: Shape, *strengths: str) -> str:
    binding = shape.definition.get("binding") or {}
    return str(binding.get("valueSet", "")) if binding.get("strength") in strengths else ""
