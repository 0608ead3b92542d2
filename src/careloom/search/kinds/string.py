"""Texts: names, addresses, titles, found by how they begin, without regard to case and accents."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from careloom.model.errors import InvalidError
from careloom.search.escaping import escape, shown, unescape
from careloom.search.folding import exact, fold, words_from
from careloom.search.kinds.reading import KindRules, Place, Reading, parts, table
from careloom.search.operands import StringOperand
from careloom.search.values import StringValue


def _string(value: Any, place: Place) -> Iterator[StringValue]:
    yield from _strings(value, in_words=place.path.is_name)


def _human_name(value: Any, place: Place) -> Iterator[StringValue]:
    for key in ("family", "given", "text", "prefix", "suffix"):
        for part in parts(value, key):
            yield from _strings(part, in_words=True)


def _address(value: Any, place: Place) -> Iterator[StringValue]:
    for key in ("line", "city", "district", "state", "postalCode", "country", "text"):
        for part in parts(value, key):
            yield from _strings(part)


def _strings(text: Any, *, in_words: bool = False) -> Iterator[StringValue]:
    if isinstance(text, str) and text:
        folded = fold(text)
        yield StringValue(folded, exact(text))
        if in_words:
            yield from (StringValue(rest, "") for rest in words_from(folded))


def read(text: str, reading: Reading) -> StringOperand:
    """A text; one without letters and digits only where it is compared as it stands."""
    plain = unescape(text)
    operand = StringOperand(plain, fold(plain), exact(plain))
    if not operand.folded and reading.modifier != "exact":
        raise InvalidError(f"a text with letters or digits expected, found {shown(plain)}")
    return operand


def _fits(modifier: str, operand: StringOperand, value: StringValue) -> bool:
    return COMPARED[modifier](operand, value)


COMPARED: Mapping[str, Callable[[StringOperand, StringValue], bool]] = {
    "": lambda asked, value: value.folded.startswith(asked.folded),
    "exact": lambda asked, value: value.exact == asked.exact,
    "contains": lambda asked, value: asked.folded in value.folded,
    "text": lambda asked, value: f" {asked.folded}" in f" {value.folded}",
    "equals": lambda asked, value: value.exact != "" and value.folded == asked.folded,
    "ends-with": lambda asked, value: value.folded.endswith(asked.folded),
    "gt": lambda asked, value: value.exact != "" and value.folded > asked.folded,
    "lt": lambda asked, value: value.exact != "" and value.folded < asked.folded,
    "ge": lambda asked, value: value.exact != "" and value.folded >= asked.folded,
    "le": lambda asked, value: value.exact != "" and value.folded <= asked.folded,
}
"""By modifier. A value that begins at a later word of a name, whose ``exact`` is empty, takes no part where whole
texts are compared."""


def _sort_values(value: StringValue) -> Iterator[str]:
    if value.exact:
        yield value.folded


RULES = KindRules(
    family="strings",
    readers=table(
        (_string, "string markdown code id uri url canonical oid uuid System.String"),
        (_human_name, "HumanName"),
        (_address, "Address"),
    ),
    read=read,
    fits=_fits,
    written=lambda operand: escape(operand.text),
    sort_values=_sort_values,
)
