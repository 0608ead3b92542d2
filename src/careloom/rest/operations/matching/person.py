"""What of a Patient is compared: names, dates and addresses in the form in which equal ones are equal."""

import re
from collections.abc import Iterator
from typing import Any, Final

from careloom.model.nhs_number import NHS_NUMBER, UNVERIFIED, plain
from careloom.model.records import dataclass
from careloom.model.resource import Resource
from careloom.search.folding import fold

_DATE: Final = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_LETTERS: Final = re.compile(r"[^\w]|_")
_DIGITS: Final = re.compile(r"\D")
_SIGNIFICANT: Final = 10
"""Digits at the end of a telephone number that say which it is, whatever is dialled before them."""
_SHORTEST_PHONE: Final = 6


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of somebody.

    Attributes:
        families: Family names, folded, letters alone.
        givens: Given names, first ones first, folded, letters alone.
        family_texts: Family names as written, to search by.
        given_texts: First given names as written, to search by.
        birth_date: As FHIR writes it, perhaps only a year or month; empty when not known.
        gender: ``male`` or ``female``; empty where it says nothing that could be compared.
        postcodes: Upper case without spaces.
        phones: The last digits of telephone numbers.
        emails: Lower case.
        identifiers: System and value, each without spaces where it is an NHS number.
    """

    families: tuple[str, ...] = ()
    givens: tuple[tuple[str, ...], ...] = ()
    family_texts: tuple[str, ...] = ()
    given_texts: tuple[str, ...] = ()
    birth_date: str = ""
    gender: str = ""
    postcodes: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    identifiers: frozenset[tuple[str, str]] = frozenset()

    def identified_by(self, system: str) -> frozenset[str]:
        """The values of a system."""
        return frozenset(value for known, value in self.identifiers if known == system)


def person(patient: Resource) -> Person:
    """What of a Patient is compared; what is not of the shape FHIR demands is passed over."""
    names = list(_objects(patient, "name"))
    telecoms = list(_objects(patient, "telecom"))
    gender, birth_date = patient.get("gender"), _text(patient.get("birthDate"))
    return Person(
        families=tuple(dict.fromkeys(letters for name in names if (letters := _letters(name.get("family"))))),
        givens=tuple(dict.fromkeys(given for name in names if (given := _givens(name)))),
        family_texts=tuple(dict.fromkeys(text for name in names if (text := _text(name.get("family"))))),
        given_texts=tuple(dict.fromkeys(text for name in names if (text := _first(name.get("given"))))),
        birth_date=birth_date if _DATE.fullmatch(birth_date) else "",
        gender=gender if gender in ("male", "female") else "",
        postcodes=frozenset(filter(None, (_postcode(each.get("postalCode")) for each in _objects(patient, "address")))),
        phones=frozenset(filter(None, (_phone(each) for each in telecoms))),
        emails=frozenset(_text(each.get("value")).lower() for each in telecoms if each.get("system") == "email") - {""},
        identifiers=frozenset(_identifiers(patient)),
    )


def _objects(resource: Resource, name: str) -> Iterator[dict[str, Any]]:
    found = resource.get(name)
    yield from (each for each in (found if isinstance(found, list) else ()) if isinstance(each, dict))


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _first(value: Any) -> str:
    return _text(value[0]) if isinstance(value, list) and value else ""


def _letters(value: Any) -> str:
    return _LETTERS.sub("", fold(_text(value)))


def _givens(name: dict[str, Any]) -> tuple[str, ...]:
    found = name.get("given")
    return tuple(filter(None, map(_letters, found if isinstance(found, list) else ())))


def _postcode(value: Any) -> str:
    return _LETTERS.sub("", _text(value)).upper()


def _phone(telecom: dict[str, Any]) -> str:
    if telecom.get("system") not in ("phone", "sms"):
        return ""
    digits = _DIGITS.sub("", _text(telecom.get("value")))
    return digits[-_SIGNIFICANT:] if len(digits) >= _SHORTEST_PHONE else ""


def _identifiers(patient: Resource) -> Iterator[tuple[str, str]]:
    for each in _objects(patient, "identifier"):
        system, value = _text(each.get("system")), _text(each.get("value"))
        if system and value and system != UNVERIFIED:
            yield system, plain(value) if system == NHS_NUMBER else value
