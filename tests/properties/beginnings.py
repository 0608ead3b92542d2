"""Ways in which a search of the store begins, for properties that hold whichever it is."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from careloom.store.sql import families, newest, plan
from careloom.store.sql.clauses import Round

BEGINNINGS = ("few", "many")
"""With ``many`` every condition counts as met by many: a search begins with a run or walks, in many small rounds."""


@contextmanager
def beginning(way: str) -> Iterator[None]:
    """Has searches begin so."""
    with ExitStack() as patched:
        for module, constant, value in _MANY if way == "many" else ():
            patched.enter_context(patch.object(module, constant, value))
        yield


_MANY: list[tuple[Any, str, Any]] = [
    (plan, "HANDFUL", 0),
    (plan, "FEW", 0),
    (plan, "ROUNDS", (Round(2, 3), Round(4, 6), Round(6, 9))),
    (families, "ROUNDS", (Round(2, 5), Round(4, 10), Round(6, 15))),
    (newest, "WINDOW", 3),
]
