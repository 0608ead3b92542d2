"""Places on Earth: the one special parameter whose values are kept, ``near``."""

from collections.abc import Iterator
from typing import Any

from careloom.search.kinds.reading import KindRules, Place, Reading, decimal_of, table
from careloom.search.operands import PositionOperand
from careloom.search.positions import MOST_LATITUDE, MOST_LONGITUDE, distance, read_position
from careloom.search.values import PositionValue


def _position(value: Any, place: Place) -> Iterator[PositionValue]:
    if isinstance(value, dict):
        latitude, longitude = decimal_of(value.get("latitude")), decimal_of(value.get("longitude"))
        if latitude is None or longitude is None:
            return
        if abs(latitude) <= MOST_LATITUDE and abs(longitude) <= MOST_LONGITUDE:
            yield PositionValue(float(latitude), float(longitude))


def _read(text: str, reading: Reading) -> PositionOperand:
    return read_position(text)


def _fits(modifier: str, operand: PositionOperand, value: PositionValue) -> bool:
    return distance(operand.latitude, operand.longitude, value.latitude, value.longitude) <= operand.metres


RULES = KindRules(
    family="positions",
    readers=table((_position, "Location.position BackboneElement")),
    read=_read,
    fits=_fits,
    written=lambda operand: operand.text,
)
