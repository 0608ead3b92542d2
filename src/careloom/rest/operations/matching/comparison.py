"""What two records of persons agree on, field by field.

A field that one of them lacks says nothing and is left out. Where there are several values the best pair counts: people
have former names and second homes.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from careloom.rest.operations.matching.person import Person
from careloom.rest.operations.matching.table import Agreement, Field

_BEST_FIRST: Final[tuple[Agreement, ...]] = ("same", "close", "partial", "different")
_LONG: Final = 4
"""Letters from which a name may have one wrong and still be close."""
_SHORT_FORM: Final = 3
"""Letters from which the beginning of a name is a short form of it."""


def agreements(asked: Person, held: Person) -> dict[Field, Agreement]:
    """By field, how far two persons agree; what cannot be compared is left out."""
    found = ((field, compare(asked, held)) for field, compare in _COMPARED.items())
    return {field: agreement for field, agreement in found if agreement}


def is_near(one: str, other: str) -> bool:
    """Whether one wrong, missing, additional or transposed character makes one text the other."""
    if abs(len(one) - len(other)) > 1:
        return False
    if len(one) == len(other):
        return _is_near_in_length(one, other)
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))


def _is_near_in_length(one: str, other: str) -> bool:
    odd = [at for at, (left, right) in enumerate(zip(one, other, strict=True)) if left != right]
    if len(odd) <= 1:
        return True
    first, last = odd[0], odd[-1]
    return len(odd) == 2 and last == first + 1 and one[first] == other[last] and one[last] == other[first]


def _family(asked: Person, held: Person) -> Agreement | None:
    return _best(_of_family(one, other) for one in asked.families for other in held.families)


def _of_family(one: str, other: str) -> Agreement:
    if one == other:
        return "same"
    is_part = min(len(one), len(other)) >= _LONG and (one in other or other in one)  # one of two names, with a hyphen
    is_close = is_part or (min(len(one), len(other)) >= _LONG and is_near(one, other))
    return "close" if is_close else "different"


def _given(asked: Person, held: Person) -> Agreement | None:
    return _best(_of_given(one, other) for one in asked.givens for other in held.givens)


def _of_given(one: tuple[str, ...], other: tuple[str, ...]) -> Agreement:
    """The first names count; who goes by a middle name is close."""
    first, second = one[0], other[0]
    if first == second:
        return "same"
    if first in other or second in one or _is_short(first, second) or _is_short(second, first):
        return "close"
    return "close" if min(len(first), len(second)) >= _LONG and is_near(first, second) else "different"


def _is_short(one: str, other: str) -> bool:
    """Whether one name is an initial or the beginning of the other."""
    return other.startswith(one) and (len(one) == 1 or len(one) >= _SHORT_FORM)


def _birth_date(asked: Person, held: Person) -> Agreement | None:
    one, other = asked.birth_date, held.birth_date
    if not one or not other:
        return None
    if one == other:
        return "same" if len(one) == 10 else "partial"
    if len(one) != len(other):
        return "partial" if one.startswith(other) or other.startswith(one) else "different"
    return "close" if len(one) == 10 and _is_mistaken(one, other) else "different"


def _is_mistaken(one: str, other: str) -> bool:
    """Whether day and month have changed places, or one digit is wrong, or two that are neighbours have."""
    year, month, day = one.split("-")
    return other == f"{year}-{day}-{month}" or is_near(one.replace("-", ""), other.replace("-", ""))


def _gender(asked: Person, held: Person) -> Agreement | None:
    if not asked.gender or not held.gender:
        return None
    return "same" if asked.gender == held.gender else "different"


def _postcode(asked: Person, held: Person) -> Agreement | None:
    return _best(_of_postcode(one, other) for one in asked.postcodes for other in held.postcodes)


def _of_postcode(one: str, other: str) -> Agreement:
    """The last three characters say which street, what is before them which town or part of one."""
    if one == other:
        return "same"
    return "close" if min(len(one), len(other)) > 3 and one[:-3] == other[:-3] else "different"


def _shared(values: Callable[[Person], frozenset[str]]) -> Callable[[Person, Person], Agreement | None]:
    """That one value is the same."""

    def compare(asked: Person, held: Person) -> Agreement | None:
        one, other = values(asked), values(held)
        return None if not one or not other else "same" if one & other else "different"

    return compare


def _identifier(asked: Person, held: Person) -> Agreement | None:
    return "same" if asked.identifiers & held.identifiers else None


def _best(found: Iterable[Agreement]) -> Agreement | None:
    return min(found, key=_BEST_FIRST.index, default=None)


_COMPARED: Mapping[Field, Callable[[Person, Person], Agreement | None]] = {
    "family": _family,
    "given": _given,
    "birth_date": _birth_date,
    "gender": _gender,
    "postcode": _postcode,
    "phone": _shared(lambda person: person.phones),
    "email": _shared(lambda person: person.emails),
    "identifier": _identifier,
}
