"""Code systems that are a grammar or a short public list, and so need no package.

Sources: BCP 47 for languages, BCP 13 for media types, UCUM for units, ISO 3166-1 for countries, ISO 4217 for
currencies.
"""

from collections.abc import Callable, Mapping
from functools import cache

from careloom.terminology.content import CodeSystemContent
from careloom.terminology.formal.countries import COUNTRIES, countries
from careloom.terminology.formal.currencies import CURRENCIES, currencies
from careloom.terminology.formal.languages import LANGUAGES, is_language, languages
from careloom.terminology.formal.media_types import MEDIA_TYPES, is_media_type, media_types
from careloom.terminology.formal.units import UCUM, is_unit, units

__all__ = [
    "FORMAL_SYSTEMS",
    "UCUM",
    "formal_content",
    "is_language",
    "is_media_type",
    "is_unit",
]

FORMAL_SYSTEMS: Mapping[str, Callable[[], CodeSystemContent]] = {
    COUNTRIES: countries,
    CURRENCIES: currencies,
    LANGUAGES: languages,
    MEDIA_TYPES: media_types,
    UCUM: units,
}
"""Code system URL to what makes its content."""


@cache
def formal_content(url: str) -> CodeSystemContent | None:
    """The content of a formal code system, made once; None for any other URL.

    No version is held against it: codes are added to these lists, and grammars do not change.
    """
    make = FORMAL_SYSTEMS.get(url)
    return make() if make else None
