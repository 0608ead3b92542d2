"""Whether the quick tier is worth asking: code is only written for what comes again.

The first resource of each type goes to the interpreter, so that a command on one file neither imports nor compiles
anything for it. A Bundle goes to the quick tier at once, as it holds many.
"""

from typing import TYPE_CHECKING

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

    def tier_for(self, type: str) -> "QuickTier | None":
        """The tier, to be asked about a document of a type; None where the interpreter is to judge it alone."""
        if self._tier is None or type in self._awaited:
            return self._begins(type)
        return self._tier

    def _begins(self, type: str) -> "QuickTier | None":
        """As above, where the type may not have been met, or nothing worth writing code for."""
        if not self._is_open or type in self._awaited:
            self._awaited.discard(type)
            return None
        if self._tier is None:
            from careloom.validation.quick.tier import QuickTier  # noqa: PLC0415  (one file alone needs none of it)

            self._tier = QuickTier(self._library)
        return self._tier


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
