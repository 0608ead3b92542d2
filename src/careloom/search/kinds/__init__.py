"""The kinds of search parameters, one file each: what is kept, what may be asked, and when the two fit."""

from collections.abc import Mapping

from careloom.search.kinds import date, number, position, quantity, reference, string, token, uri
from careloom.search.kinds.composite import composites_of
from careloom.search.kinds.reading import Aside, KindRules, Place, Reader, Reading
from careloom.search.operands import Kind

__all__ = ["KINDS", "Aside", "KindRules", "Place", "Reader", "Reading"]

_SIMPLE: Mapping[Kind, KindRules] = {
    "token": token.RULES,
    "string": string.RULES,
    "reference": reference.RULES,
    "date": date.RULES,
    "number": number.RULES,
    "quantity": quantity.RULES,
    "uri": uri.RULES,
}

KINDS: Mapping[Kind, KindRules] = {**_SIMPLE, "composite": composites_of(_SIMPLE), "special": position.RULES}
"""By SearchParameter.type."""
