"""Which term to show for a code in a language, and whether a term that was shown is right.

Source: FHIR R4, ValueSet $expand, parameter ``displayLanguage``; RFC 4647, "Lookup", for language ranges.
"""

from collections.abc import Iterable, Iterator, Sequence

from careloom.terminology.concept import Concept, Designation
from careloom.terminology.membership import Listed


def display_of(concept: Concept | None, listed: Listed | None, language: str = "") -> str:
    """The term to show: in the language asked for, else what the value set says, else what the code system says.

    Args:
        concept: As the code system has it; None when it is not here.
        listed: As the value set lists it; None when it does not list it.
        language: A BCP 47 tag, or several as in ``Accept-Language``; empty for the preferred term of any language.
    """
    for tag in languages_asked(language):
        for term in terms_of(concept, listed):
            if _is_language(term.language, tag):
                return term.value
    listed_display = listed.display if listed else ""
    return listed_display or (concept.display if concept else "")


def is_right_display(display: str, concept: Concept | None, listed: Listed | None, language: str = "") -> bool | None:
    """Whether a term is one that the code has, in the language asked for; None when no term of it is known.

    Case and runs of white space do not count. A language narrows the designations that say theirs; the display of the
    code system and of the value set are always right.
    """
    displays = [text for text in (listed and listed.display, concept and concept.display) if text]
    asked = languages_asked(language)
    terms = [
        term.value
        for term in terms_of(concept, listed)
        if not asked or not term.language or any(_is_language(term.language, tag) for tag in asked)
    ]
    known = {_plain(text) for text in (*displays, *terms)}
    return _plain(display) in known if known else None


def terms_of(concept: Concept | None, listed: Listed | None) -> tuple[Designation, ...]:
    """The designations of a code, those of the value set first."""
    return (*(listed.terms if listed else ()), *(concept.terms if concept else ()))


def languages_asked(language: str) -> Sequence[str]:
    """The tags of an ``Accept-Language`` text in order of weight; ``*`` and those of weight 0 are left out."""
    weighted = sorted(_weighted(language.split(",")), key=lambda each: -each[0])
    return [tag for weight, tag in weighted if weight > 0]


def _weighted(ranges: Iterable[str]) -> Iterator[tuple[float, str]]:
    for each in ranges:
        tag, _, weight = (part.strip() for part in each.partition(";"))
        if tag and tag != "*":
            yield _number(weight.removeprefix("q=")), tag


def _number(text: str) -> float:
    whole, _, fraction = text.partition(".")
    is_weight = whole in ("0", "1") and (fraction.isdecimal() or not fraction)
    return float(text) if is_weight else 1.0


def _is_language(tag: str, asked: str) -> bool:
    """Whether a tag is the one asked for, or a narrower one: ``en-GB`` for ``en``."""
    return tag.lower() == asked.lower() or tag.lower().startswith(f"{asked.lower()}-")


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
