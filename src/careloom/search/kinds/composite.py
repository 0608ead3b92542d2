"""Composites: values that stand together in one element, ``code$value``.

What each part is read by and how it compares is said by the kind of that part.
"""

from collections.abc import Mapping

from careloom.model.errors import InvalidError
from careloom.model.records import replace
from careloom.search.escaping import shown, split
from careloom.search.kinds.reading import KindRules, Reading
from careloom.search.operands import CompositeOperand, Kind, Part
from careloom.search.values import CompositeValue


def composites_of(kinds: Mapping[Kind, KindRules]) -> KindRules:
    """The rules of composites, in terms of the kinds that their parts may have."""

    def read(text: str, reading: Reading) -> CompositeOperand:
        components = reading.parameter.components
        pieces = split(text, "$")
        if len(pieces) != len(components) or not all(pieces):
            names = "$".join(component.code for component in components)
            raise InvalidError(f"{names} expected, found {shown(text)}; a dollar sign inside a value is written \\$")
        parts = (
            Part(component.kind, kinds[component.kind].read(piece, replace(reading, parameter=component, modifier="")))
            for component, piece in zip(components, pieces, strict=True)
        )
        return CompositeOperand(text, tuple(parts))

    def fits(modifier: str, operand: CompositeOperand, value: CompositeValue) -> bool:
        return all(
            any(kinds[part.kind].fits("", part.operand, each) for each in values)
            for part, values in zip(operand.parts, value.parts, strict=True)
        )

    return KindRules(family="composites", readers={}, read=read, fits=fits, written=lambda operand: operand.text)
