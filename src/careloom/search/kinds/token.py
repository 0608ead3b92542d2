"""Codes, identifiers, booleans: compared as they stand, in their system."""

from collections.abc import Iterator
from typing import Any

from careloom.model.errors import InvalidError
from careloom.search.escaping import escape, shown, split, unescape
from careloom.search.folding import exact, fold
from careloom.search.kinds.reading import Aside, KindRules, Place, Reading, objects, table, text_at
from careloom.search.operands import TokenOperand
from careloom.search.values import StringValue, TokenValue

SPECIAL_VALUES = "http://terminology.hl7.org/CodeSystem/special-values"

Found = Iterator[TokenValue | Aside]

_OF_TYPE = 3


def _coding(value: Any, place: Place) -> Found:
    if isinstance(value, dict):
        system, code = text_at(value, "system"), text_at(value, "code")
        if system or code:
            yield TokenValue(system, code)
        yield from _said(value.get("display"))


def _codeable_concept(value: Any, place: Place) -> Found:
    for coding in objects(value, "coding"):
        yield from _coding(coding, place)
    if isinstance(value, dict):
        yield from _said(value.get("text"))


def identifier(value: Any, place: Place) -> Found:
    """An Identifier: by its system and value, by its value under each code of its type, by the text of its type."""
    if not isinstance(value, dict):
        return
    kind = value.get("type")
    system, code = text_at(value, "system"), text_at(value, "value")
    if system or code:
        yield TokenValue(system, code)
    if code:
        for coding in objects(kind, "coding"):
            typed = TokenValue(type_of(text_at(coding, "system"), text_at(coding, "code")), code)
            yield Aside("of-type", typed)
    yield from _said(kind.get("text") if isinstance(kind, dict) else None)


def _contact_point(value: Any, place: Place) -> Found:
    """Its system is a code, so any system that is asked for will do: some write ``email|a@example.org``."""
    if code := text_at(value, "value"):
        yield TokenValue(None, code)


def _code(value: Any, place: Place) -> Found:
    if isinstance(value, str):
        yield TokenValue(place.path.system, value)


def _boolean(value: Any, place: Place) -> Found:
    if isinstance(value, bool):
        yield TokenValue(SPECIAL_VALUES, "true" if value else "false")


def _plain(value: Any, place: Place) -> Found:
    if isinstance(value, str):
        yield TokenValue("", value.casefold() if place.parameter.folded else value)


def _said(text: Any) -> Iterator[Aside]:
    """What ``:text`` looks at: a display, or the text of a concept or of an identifier's type."""
    if isinstance(text, str) and text:
        yield Aside("text", StringValue(fold(text), exact(text)))


def type_of(system: str, code: str) -> str:
    """The type of an identifier, in the place where a token has its system."""
    return f"{system}|{code}"


def _read(text: str, reading: Reading) -> TokenOperand:
    pieces = [unescape(piece) for piece in split(text, "|")]
    if reading.modifier == "of-type":
        return _typed(text, pieces)
    if len(pieces) > 2:
        raise InvalidError(f"code or system|code expected, found {shown(text)}; a bar inside either is written \\|")
    system = pieces[0] if len(pieces) == 2 else None
    code = pieces[-1] or None
    if not system and code is None:
        raise InvalidError(f"code, system|code, |code or system| expected, found {shown(text)}")
    if code is not None and reading.parameter.folded:
        code = code.casefold()
    return TokenOperand(system, code)


def _typed(text: str, pieces: list[str]) -> TokenOperand:
    if len(pieces) != _OF_TYPE or not all(pieces):
        raise InvalidError(f"system|code|value, the first two of the identifier's type, expected, found {shown(text)}")
    return TokenOperand(type_of(pieces[0], pieces[1]), pieces[2])


def fits(modifier: str, operand: TokenOperand, value: TokenValue) -> bool:
    """System and code are equal where they are asked for; an unknown system fits any."""
    same_system = operand.system is None or value.system is None or value.system == operand.system
    return same_system and operand.code in (None, value.code)


def _written(operand: TokenOperand) -> str:
    code = escape(operand.code or "")
    return code if operand.system is None else f"{escape(operand.system)}|{code}"


def _sort_values(value: TokenValue) -> Iterator[str]:
    if value.code:
        yield value.code


RULES = KindRules(
    family="tokens",
    readers=table(
        (_coding, "Coding"),
        (_codeable_concept, "CodeableConcept"),
        (identifier, "Identifier"),
        (_contact_point, "ContactPoint"),
        (_code, "code"),
        (_boolean, "boolean System.Boolean"),
        (_plain, "string id uri url canonical oid uuid markdown date dateTime instant System.String"),
    ),
    read=_read,
    fits=fits,
    written=_written,
    sort_values=_sort_values,
)
