"""Whether the quick tier is worth asking: code is only written for what comes again.

The first resource of each type goes to the interpreter, so that a command on one file neither imports nor compiles
anything for it. A Bundle goes to the quick tier at once, as it holds many.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from careloom.validation.context import Run, Scope
from careloom.validation.library import Library
from careloom.validation.options import Options

if TYPE_CHECKING:
    from careloom.validation.quick.tier import QuickTier


class QuickGate:
    """Stands before the quick tier of a validator, which it makes when first needed."""

    def __init__(self, library: Library, options: Options) -> None:
        self._library = library
        self._is_open = fits(options)
        self._awaited = set(library.types.resource_types()) - {"Bundle", "Parameters"}
        self._tier: QuickTier | None = None

    def is_fine(self, scope: Scope, profiles: Sequence[str], run: Run) -> bool:
        """Whether the interpreter would find nothing but what is in ``run.issues`` afterwards; False says nothing."""
        if not self._is_open or not isinstance(scope.resource, dict):
            return False
        name = scope.resource.get("resourceType")
        if not isinstance(name, str) or name in self._awaited:
            self._awaited.discard(str(name))
            return False
        if self._tier is None:
            from careloom.validation.quick.tier import QuickTier  # noqa: PLC0415  (one file alone needs none of it)

            self._tier = QuickTier(self._library)
        return self._tier.is_fine(scope, profiles, run)


def fits(options: Options) -> bool:
    """Whether the quick tier judges by these options: it takes for granted what most callers do."""
    return (
        options.best_practice is None
        and options.allow_example_urls
        and options.check_contained
        and options.references == "ignored"
        and not options.check_security
        and not options.refuse_experimental
        and not options.is_special
    )
