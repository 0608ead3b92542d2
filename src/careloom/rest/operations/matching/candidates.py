"""Which patients are compared at all: those that a few searches find, each by what people seldom share.

Nobody who would be a match should be missed and not everybody can be looked at. So candidates are sought by each
identifier; by birth date, also as it may have been mistaken; by postcode with a name; by telephone and e-mail; by
family and given name. A search that finds too many is passed over and told, since more would have to be said to tell
them apart.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from careloom.model.records import replace
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, Parameters
from careloom.rest.operations.matching.person import Person
from careloom.rest.visibility import narrowed
from careloom.search import parse_query
from careloom.search.escaping import escape
from careloom.store import Version

MOST: Final = 1_000
"""Candidates of one search."""


async def find_candidates(asked: Person, request: FhirRequest, hub: Hub) -> tuple[list[Version], list[str]]:
    """Those who may be the person, and the names of the searches that found too many."""
    found: dict[str, Version] = {}
    passed_over = []
    for criteria in searches(asked):
        query = parse_query("Patient", criteria, hub.parameters, strict=True, now=hub.clock)
        query = narrowed(replace(query, count=MOST, total="none"), request, hub)
        page = await hub.repository.search(query)
        if page.next:
            passed_over.append(" and ".join(name.partition(":")[0] for name, _ in criteria))
        else:
            found |= {version.id: version for version in page.matches}
    return list(found.values()), passed_over


def searches(asked: Person) -> Iterator[Parameters]:
    """The searches, as parameters; each of them is enough by itself."""
    for system, value in sorted(asked.identifiers):
        yield (("identifier", f"{escape(system)}|{escape(value)}"),)
    families, givens = _any(asked.family_texts), _any(asked.given_texts)
    if dates := ",".join(mistaken_dates(asked.birth_date)):
        yield (("birthdate", dates),)
        if families:
            yield (("birthdate", dates), ("family", families))
    for name, values in (("family", families), ("given", givens)):
        if values and asked.postcodes:
            yield (("address-postalcode", _any(_spelled(asked.postcodes))), (name, values))
    for name, tokens in (("phone", _any(_dialled(asked.phones))), ("email", _any(sorted(asked.emails)))):
        if tokens:
            yield ((name, tokens),)
    if families and givens:
        yield (("family", families), ("given", givens))


def mistaken_dates(text: str) -> list[str]:
    """A whole date, and those it may have been: day and month exchanged, one digit wrong, neighbours exchanged."""
    if len(text) < len("2000-01-01"):
        return []
    digits = text.replace("-", "")
    exchanged = digits[:4] + digits[6:] + digits[4:6]
    neighbours = (digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :] for at in range(7))
    wrong = (digits[:at] + other + digits[at + 1 :] for at in range(8) for other in "0123456789")
    spelled = dict.fromkeys([digits, exchanged, *neighbours, *wrong])
    return [
        f"{each[:4]}-{each[4:6]}-{each[6:]}" for each in spelled if _is_date(each) and each[:2] in ("18", "19", "20")
    ]


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def _any(values: Iterable[str]) -> str:
    return ",".join(map(escape, dict.fromkeys(values)))


def _spelled(postcodes: frozenset[str]) -> list[str]:
    """The ways in which a postcode may have been written down."""
    return [way for each in sorted(postcodes) for way in (f"{each[:-3]} {each[-3:]}".strip(), each)]


def _dialled(phones: frozenset[str]) -> list[str]:
    """The ways in which a number may have been written down, without spaces."""
    return [f"{before}{each}" for each in sorted(phones) for before in ("0", "+44", "0044", "44", "")]
