"""What a query asks for: fragments are spread, variables have their values, and what is left out is gone."""

from collections.abc import Iterator, Mapping
from typing import Any

from careloom.definitions.types import TypeModel
from careloom.model.errors import MalformedError, NotSupportedError
from careloom.model.records import dataclass, replace
from careloom.rest.operations.graphql.budget import Budget
from careloom.rest.operations.graphql.document import Document, Field, Selections, Variable
from careloom.rest.operations.graphql.flattening import SHAPING


@dataclass(frozen=True, slots=True)
class Asked:
    """A document with values for its variables.

    Attributes:
        document: Where its fragments are.
        variables: What its variables stand for.
        types: To which a fragment may apply.
        budget: What it may still cost.
    """

    document: Document
    variables: Mapping[str, Any]
    types: TypeModel
    budget: Budget

    def fields(self, selections: Selections, type: str) -> list[Field]:
        """The fields that are asked of a type, those of fragments among them; one that is asked for twice, once.

        Raises:
            MalformedError: Different fields are to have the same name in the answer.
        """
        found: dict[str, Field] = {}
        for each in self._spread(selections, type):
            before = found.get(each.alias)
            if before and (before.name, before.arguments) != (each.name, each.arguments):
                raise MalformedError(f"query: two different fields are called {each.alias!r}", expression="query")
            wanted = (*before.selections, *each.selections) if before else each.selections
            found[each.alias] = replace(each, selections=wanted)
        return list(found.values())

    def arguments(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments with the values of variables.

        Raises:
            MalformedError: The query declares no such variable.
        """
        return {name: self._resolved(value) for name, value in arguments.items()}

    def _spread(self, selections: Selections, type: str) -> Iterator[Field]:
        for each in selections:
            self.budget.spend(values=1)
            if not self._is_included(each.directives):
                continue
            if isinstance(each, Field):
                yield each
                continue
            fragment = self.document.fragments[each.fragment] if each.fragment else each
            if not fragment.type or self.types.is_a(type, fragment.type):
                yield from self._spread(fragment.selections, type)

    def _is_included(self, directives: tuple[tuple[str, Mapping[str, Any]], ...]) -> bool:
        for name, arguments in directives:
            if name in SHAPING:
                continue
            if name not in ("include", "skip"):
                known = ", ".join(sorted({"include", "skip", *SHAPING}))
                raise NotSupportedError(f"@{name}: the directives {known} are known, no others")
            condition = self.arguments(arguments).get("if")
            if not isinstance(condition, bool):
                raise MalformedError(f"@{name}: if with true or false expected, found {condition!r}")
            if condition != (name == "include"):
                return False
        return True

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._resolved(each) for each in value]
        if not isinstance(value, Variable):
            return value
        if value.name not in self.variables:
            raise MalformedError(f"variables: {value.name!r} is used, and not declared by the query")
        return self.variables[value.name]
