"""Distances on Earth, taken as a sphere: within half a percent of the truth, and the same in every store.

``near`` is ``latitude|longitude[|distance[|units]]``, with units of UCUM; kilometres if none is told, as FHIR R4 has
it for Location.near.
"""

from decimal import Decimal
from math import asin, cos, radians, sin, sqrt

from careloom.model.errors import InvalidError
from careloom.search.escaping import shown, split, unescape
from careloom.search.numbers import parse_number
from careloom.search.operands import PositionOperand
from careloom.search.units import metres

EARTH_RADIUS = 6_371_008.8
"""Metres: the mean radius of WGS 84."""

DEFAULT_DISTANCE = 50_000.0
"""Metres, where the search does not say how near."""

MOST_LATITUDE, MOST_LONGITUDE = 90, 180
_PIECES = (2, 3, 4)


def distance(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Metres between two places given in degrees, by the haversine formula."""
    north, other_north = radians(latitude), radians(other_latitude)
    across = sin((other_north - north) / 2) ** 2
    along = sin(radians(other_longitude - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS * asin(sqrt(min(1.0, across + cos(north) * cos(other_north) * along)))


def read_position(text: str) -> PositionOperand:
    """What ``near`` asks for.

    Raises:
        InvalidError: Not numbers, no place on Earth, or no unit of length.
    """
    pieces = [unescape(piece) for piece in split(text, "|")]
    if len(pieces) not in _PIECES:
        raise InvalidError(f"latitude|longitude|distance|units expected, found {shown(text)}")
    latitude = _degrees(pieces[0], "latitude", MOST_LATITUDE)
    longitude = _degrees(pieces[1], "longitude", MOST_LONGITUDE)
    return PositionOperand(text, latitude, longitude, _distance(*pieces[2:]))


def _degrees(text: str, what: str, most: int) -> float:
    number = parse_number(text)
    if number is None or abs(number) > most:
        raise InvalidError(f"a {what} in degrees from -{most} to {most} expected, found {shown(text)}")
    return float(number)


def _distance(number: str = "", units: str = "") -> float:
    if not number:
        return DEFAULT_DISTANCE
    found = parse_number(number)
    if found is None or found < 0:
        raise InvalidError(f"a distance such as 5.5 expected, found {shown(number)}")
    length = metres(Decimal(found), units or "km")
    if length is None:
        raise InvalidError(f"a unit of length of UCUM such as km or [mi_us] expected, found {shown(units)}")
    return length
