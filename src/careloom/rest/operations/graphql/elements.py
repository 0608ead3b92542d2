"""The elements of an object as a query asks for them: by name, of a list the items that meet its arguments."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from careloom.definitions.types import TypeModel, TypeNode
from careloom.fhirpath import Environment, Expression, compile_expression
from careloom.model.errors import InvalidError, MalformedError
from careloom.model.records import dataclass, field
from careloom.rest.operations.graphql.arguments import has_value, text_of, whole
from careloom.rest.operations.graphql.asked import Asked
from careloom.rest.operations.graphql.budget import path_environment
from careloom.rest.operations.graphql.document import Field
from careloom.rest.operations.graphql.flattening import INDEX

_OF_LISTS: Final = frozenset({"fhirpath", "_offset", "_count"})


@dataclass(frozen=True, slots=True)
class Items:
    """The values of an element.

    Attributes:
        type: Theirs.
        is_list: Whether there may be several.
        is_there: Whether the object has the element, though perhaps no value that is wanted.
        values: Those that are wanted.
    """

    type: str
    is_list: bool
    is_there: bool
    values: list[Any]


@dataclass(frozen=True, slots=True)
class Elements:
    """Finds elements.

    Attributes:
        types: What types look like.
        asked: The query.
        environment: What its FHIRPaths are evaluated in, with what they may cost together.
    """

    types: TypeModel
    asked: Asked
    environment: Environment = field(default_factory=path_environment)

    def items(self, asked: Field, value: Mapping[str, Any], type: str) -> Items:
        """The values of an element of an object.

        Raises:
            MalformedError: There is no such element, or there are arguments for what is no list.
        """
        key, inner, is_list = self._element(asked.name, value, type)
        found = value.get(key)
        if is_list:
            return Items(inner, True, key in value, self._kept(asked, found if isinstance(found, list) else [], inner))
        if asked.arguments:
            raise MalformedError(f"{type}.{asked.name}: no arguments expected, since it is no list")
        return Items(inner, False, key in value, [] if found is None else [found])

    def suffix(self, path: str, number: int, item: Any, type: str) -> str:
        """What a slice appends to the names of what is told of an item.

        Args:
            path: A FHIRPath, `INDEX`, or empty for nothing.
            number: Place of the item in its list.
            item: The item.
            type: Its type.
        """
        if not path:
            return ""
        if path == INDEX:
            return f".{number}"
        found = self._evaluated(path, type, "@slice", lambda each: each.evaluate(item, self.environment))
        return "." + ",".join(map(text_of, found))

    def _element(self, name: str, value: Mapping[str, Any], type: str) -> tuple[str, str, bool]:
        """Key in JSON, type and listness of an element.

        Raises:
            MalformedError: The type has no such element.
        """
        node = self.types.node(type)
        if node is None:
            raise MalformedError(f"{name}: {type} has no fields")
        if found := self.types.property(node, name):
            return name, found[1], found[0].is_list
        info = node.elements.get(name)
        if info is None or not info.is_choice:
            raise MalformedError(_unknown(name, type, node), expression="query")
        ways = ((f"{name}{each[0].upper()}{each[1:]}", each) for each in info.types)
        key, inner = next(((key, each) for key, each in ways if key in value), ("", info.types[0]))
        return key, inner, info.is_list

    def _kept(self, asked: Field, items: list[Any], type: str) -> list[Any]:
        """The items that have the values asked for, a FHIRPath that holds, and their place in the list."""
        arguments = self.asked.arguments(asked.arguments)
        offset, count = (whole(arguments, name) for name in ("_offset", "_count"))
        if path := arguments.get("fhirpath"):
            items = [item for item in items if self._holds(str(path), item, type)]
        for name, wanted in arguments.items():
            if name not in _OF_LISTS:
                self._element(name, {}, type)
                items = [item for item in items if isinstance(item, dict) and has_value(item.get(name), wanted)]
        first = offset or 0
        return items[first:] if count is None else items[first : first + count]

    def _holds(self, path: str, item: Any, type: str) -> bool:
        return bool(self._evaluated(path, type, "fhirpath", lambda each: each.is_true(item, self.environment)))

    def _evaluated(self, path: str, type: str, where: str, evaluate: Callable[[Expression], Any]) -> Any:
        self.asked.budget.spend(values=10)
        try:
            return evaluate(compile_expression(path, types=self.types, context_type=type))
        except (InvalidError, MalformedError) as error:
            raise MalformedError(f"{where}: {error}", expression="query") from error


def _unknown(name: str, type: str, node: TypeNode) -> str:
    near = get_close_matches(name, node.elements, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(node.elements)}"
    return f"query: {type} has no element {name[:80]!r}; {hint}"
