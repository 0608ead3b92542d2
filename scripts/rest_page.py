"""Write the tables of docs/rest.md from the tables that the hub runs by."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from careloom.rest.interaction import Interaction
from careloom.rest.operation import Operation
from careloom.rest.policy import ALLOWANCES
from careloom.rest.table import INTERACTIONS, OPERATIONS

PAGE = Path(__file__).parents[1] / "docs" / "rest.md"

_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def with_tables(page: str) -> str:
    """The page with each of its tables made anew, between the comments that mark its place."""
    return _TABLE.sub(lambda found: f"{found[1]}\n{_TABLES[found[2]]()}\n\n{found[3]}", page)


def _interactions() -> str:
    return _table(("interaction", "request", "what it does"), _rows(INTERACTIONS))


def _rows(interactions: Iterable[Interaction]) -> Iterator[tuple[str, ...]]:
    for row in interactions:
        if row.operation is None:
            code = row.code.removeprefix("$")
            yield code, f"`{row.method} {_path(row.path)}`", row.about + (", open to anybody" if row.is_open else "")


def _operations() -> str:
    return _table(("operation", "on", "what it does"), (_operation(each) for each in OPERATIONS))


def _operation(operation: Operation) -> tuple[str, ...]:
    one = f"one {' or '.join(operation.types) or 'resource'}"
    all_of = ", ".join(operation.types) or "every type"
    places = {"system": "the base", "type": all_of, "instance": one, "version": "a version"}
    return f"`${operation.name}`", ", ".join(places[each] for each in operation.levels), operation.title


def _allowances() -> str:
    return _table(("name", "what is met"), ((f"`{name}`", about) for name, about in ALLOWANCES.items()))


def _path(path: str) -> str:
    placed = path.replace("{compartment}", "Patient").replace("{owner}", "id").replace("{type}", "Type")
    return "[base]/" + re.sub(r"\{(\w+)\}", r"\1", placed)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


_TABLES = {"interactions": _interactions, "operations": _operations, "allowances": _allowances}


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text("utf-8")), "utf-8")
