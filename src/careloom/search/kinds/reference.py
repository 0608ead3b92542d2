"""References: found by what they lead to, held here or elsewhere."""

import re
from collections.abc import Iterator
from typing import Any

from careloom.model import resource_type
from careloom.model.errors import InvalidError
from careloom.model.references import parse_reference
from careloom.search.escaping import escape, shown, unescape
from careloom.search.kinds.reading import Aside, KindRules, Place, Reading, table, text_at
from careloom.search.kinds.token import identifier
from careloom.search.operands import ReferenceOperand
from careloom.search.parameters import SearchParameter
from careloom.search.references import is_absolute, local_target, names_version, reference_values
from careloom.search.values import ReferenceValue, TokenValue

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def _reference(value: Any, place: Place) -> Iterator[ReferenceValue | Aside]:
    if isinstance(value, dict):
        yield from reference_values(text_at(value, "reference"), place.base_url)
        for token in identifier(value.get("identifier"), place):
            if isinstance(token, TokenValue):
                yield Aside("identifier", token)


def _address_of_resource(value: Any, place: Place) -> Iterator[ReferenceValue]:
    if isinstance(value, str):
        yield from reference_values(value, place.base_url)


def _nested_resource(value: Any, place: Place) -> Iterator[ReferenceValue]:
    """``Bundle.entry.resource``: found as if the bundle referred to it."""
    if id := text_at(value, "id"):
        yield from reference_values(f"{resource_type(value)}/{id}", "")


def _read(text: str, reading: Reading) -> ReferenceOperand:
    plain = unescape(text)
    if _ID.fullmatch(plain):
        types = (reading.modifier,) if reading.modifier else reading.parameter.targets
        return ReferenceOperand(plain, tuple(f"{type}/{plain}" for type in types))
    target = local_target(plain, reading.base_url) or (plain if is_absolute(plain) else None)
    if target is None:
        raise InvalidError(f"an id, Type/id or an absolute URL expected, found {shown(plain)}")
    if reading.modifier and not target.startswith(f"{reading.modifier}/"):
        raise InvalidError(f"a {reading.modifier} held by this server expected, found {shown(plain)}")
    return ReferenceOperand(plain, (target,) if _may_lead_to(plain, reading.parameter) else ())


def _may_lead_to(text: str, parameter: SearchParameter) -> bool:
    """Whether a parameter that is narrowed to types, as ``patient`` is, can lead to what an address names."""
    literal = parse_reference(text)
    is_narrowed = all(branch.target for branch in parameter.branches)
    return literal is None or not is_narrowed or literal.type in parameter.targets


def _fits(modifier: str, operand: ReferenceOperand, value: ReferenceValue) -> bool:
    return value.target in operand.targets


def _sort_values(value: ReferenceValue) -> Iterator[str]:
    """What it leads to; which version of it makes no difference."""
    if not names_version(value.target):
        yield value.target


RULES = KindRules(
    family="references",
    readers=table(
        (_reference, "Reference"),
        (_address_of_resource, "canonical uri url oid uuid"),
        (_nested_resource, "Resource"),
    ),
    read=_read,
    fits=_fits,
    written=lambda operand: escape(operand.text),
    sort_values=_sort_values,
)
