"""Properties that come again and again together, and are judged once: units, and systems of identifiers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from careloom.model.records import dataclass
from careloom.validation.datatypes import URI_SYSTEM
from careloom.validation.quick.formats import Memory
from careloom.validation.quick.shapes import Keys

if TYPE_CHECKING:
    from careloom.validation.quick.bodies import Body


class Together(Memory):
    """Values of some properties of a type, that are right."""

    def __init__(self, type: str, keys: Keys) -> None:
        super().__init__()


class Systems(Together):
    """Systems of identifiers that are right, whatever is identified in them."""

    def learn(self, value: str) -> None:
        """Remember a system; what is identified by a URI has a rule of its own."""
        if value != URI_SYSTEM:
            super().learn(value)


@dataclass(frozen=True, slots=True)
class Recurring:
    """Properties of a type that its rule in `careloom.validation.datatypes` looks at, and no other does.

    Attributes:
        keys: The properties, as far as an object has them.
        needed: Those without which there is nothing to remember.
        memory: What remembers them.
    """

    keys: Keys
    needed: Keys
    memory: type[Together]

    def held(self, body: "Body") -> Keys:
        """The keys of an object that are remembered together; none where something stands beside one of them."""
        is_plain = not any(f"_{key}" in body.keys for key in self.keys) and set(self.needed) <= set(body.keys)
        return tuple(key for key in self.keys if key in body.keys) if is_plain else ()

    def open(self, body: "Body") -> str:
        """Write the question whether the values are remembered; the checks of them follow, a step deeper.

        Returns:
            The variable that holds the values.
        """
        key = body.source.variable()
        body.add(f"if ({key} := {self._key(body)}) not in {self._memory(body)}:")
        return key

    def close(self, body: "Body", key: str) -> None:
        """Write that they are right, which is reached if they are."""
        body.add(f"{self._memory(body)}.learn({key})")

    def _key(self, body: "Body") -> str:
        values = [body.variables[key] for key in self.held(body)]
        return values[0] if len(values) == 1 else f"({', '.join(values)})"

    def _memory(self, body: "Body") -> str:
        return body.memos.of(self.memory, body.node.name, self.held(body))


UNITS = frozenset(["Age", "Count", "Distance", "Duration", "Quantity"])
"""Types that have a unit."""

_UNIT = Recurring(("unit", "system", "code"), ("system", "code"), Together)

RECURRING: Mapping[str, Recurring] = {
    "Identifier": Recurring(("system",), ("system",), Systems),
    **dict.fromkeys(UNITS, _UNIT),
}
"""By type."""
