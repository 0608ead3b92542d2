"""What generated code leaves to the interpreter: single checks on single values.

A rule exists once, in the interpreter. Where generated code meets a value that it has no cheap proof for, it asks the
very check that the interpreter would make there, on the same item and in the same place of the order. The check may
tell issues; those that say that nobody here can know a code are part of a fine result (`is_quiet`), any other means
"look closer".

Answers that depend on nothing but a key are remembered by it, up to `formats.ROOM` of them: see `codes`, `pointing`,
`recurring` and `recurrent`.
"""

from typing import Any

from careloom.validation.context import Check, Item, Run, Scope
from careloom.validation.datatypes import check_datatype
from careloom.validation.extensions import check_extensions
from careloom.validation.invariants import check_constraints
from careloom.validation.options import is_example_url
from careloom.validation.path import Path
from careloom.validation.profiles import check_child, check_content
from careloom.validation.quick.narratives import is_evidently_fine
from careloom.validation.schema import Constraint, Element, Property
from careloom.validation.structure import ABSENT, check_property

DEEPEST = 80
"""Steps of a path that are judged without a thought of the stack."""


EXTENSIONS = ("extension", "modifierExtension")
COLLECTIONS = frozenset(["Bundle", "Parameters"])


def is_alone(scope: Scope, run: Run) -> bool:
    """Whether a resource stands in no other and holds none as entries, and nothing is known behind its references."""
    return run.resolve is None and scope.outer is None and scope.resource["resourceType"] not in COLLECTIONS


def is_deep(path: Path | None) -> bool:
    """Whether a value lies so deep that the interpreter may come to the end of the stack, which it tells."""
    for _ in range(DEEPEST):
        if path is None:
            return False
        path = path[0]
    return True


def is_quiet(check: Check, before: int) -> bool:
    """Whether nothing has been told since there were so many issues, but that a code cannot be checked here."""
    return len(check.issues) == before or all(
        issue.rule == "terminology" and issue.severity == "warning" for issue in check.issues[before:]
    )


def property_is_fine(value: Any, sibling: Any, known: Property, path: Path, check: Check) -> bool:
    """Ask for a whole property, with all below it."""
    before = len(check.issues)
    check_property(value, sibling, known, path, check)
    return is_quiet(check, before)


def sibling_is_fine(sibling: Any, known: Property, path: Path, check: Check) -> bool:
    """Ask for a primitive that has nothing but what stands beside it."""
    return property_is_fine(ABSENT, sibling, known, path, check)


def datatype_is_fine(value: Any, type: str, path: Path, check: Check) -> bool:
    """Ask for the rule of a data type."""
    before = len(check.issues)
    check_datatype(Item(value, None, type, path), check)
    return is_quiet(check, before)


def narrative_is_fine(value: Any, path: Path, check: Check) -> bool:
    """Ask for the rule of a narrative, unless one glance says enough."""
    return is_evidently_fine(value["div"]) or datatype_is_fine(value, "Narrative", path, check)


def datatype_is_silent(value: Any, type: str, path: Path, check: Check) -> bool:
    """Ask for the rule of a data type that there is nothing to tell of."""
    before = len(check.issues)
    check_datatype(Item(value, None, type, path), check)
    return len(check.issues) == before


def extensions_are_fine(value: Any, type: str, path: Path, check: Check) -> bool:
    """Ask for the extensions on a value, unless one has no definition, of which the interpreter has more to tell."""
    for key in EXTENSIONS:
        for one in value.get(key, ()):
            url = one["url"]
            if ":" in url and check.library.find_schema(url) is None and not is_example_url(url):
                return False
    before = len(check.issues)
    check_extensions(Item(value, None, type, path), check)
    return is_quiet(check, before)


def child_is_fine(element: Element, value: Any, type: str, path: Path, check: Check) -> bool:
    """Ask for all occurrences of a child element."""
    before = len(check.issues)
    check_child(element, Item(value, None, type, path), check)
    return is_quiet(check, before)


def content_is_fine(element: Element, value: Any, type: str, path: Path, check: Check) -> bool:
    """Ask for one occurrence of an element."""
    before = len(check.issues)
    check_content(element, Item(value, None, type, path), check)
    return is_quiet(check, before)


def constraint_is_fine(constraint: Constraint, value: Any, type: str, path: Path, check: Check) -> bool:
    """Ask for an invariant."""
    before = len(check.issues)
    check_constraints((constraint,), Item(value, None, type, path), check)
    return is_quiet(check, before)
