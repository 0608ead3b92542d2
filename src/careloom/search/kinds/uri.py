"""URIs: compared as they stand, or as places in a hierarchy of paths."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from careloom.model.errors import InvalidError
from careloom.search.escaping import escape, shown, unescape
from careloom.search.kinds.reading import KindRules, Place, Reading, table
from careloom.search.operands import UriOperand
from careloom.search.values import UriValue

_HIERARCHIC = "://"


def _uri(value: Any, place: Place) -> Iterator[UriValue]:
    if isinstance(value, str) and value:
        yield UriValue(value)


def _canonical(value: Any, place: Place) -> Iterator[UriValue]:
    """Found with and without its version."""
    if isinstance(value, str) and value:
        yield UriValue(value)
        unversioned, bar, _ = value.partition("|")
        if bar and unversioned:
            yield UriValue(unversioned)


def _read(text: str, reading: Reading) -> UriOperand:
    plain = unescape(text)
    if reading.modifier in ("above", "below") and _HIERARCHIC not in plain:
        raise InvalidError(
            f"a URL such as https://example.org/a, which has others below it, expected, found {shown(plain)}"
        )
    return UriOperand(plain)


def parents(uri: str) -> list[str]:
    """The URL, then those above it up to its host, each without a slash at its end."""
    scheme, separator, path = uri.partition(_HIERARCHIC)
    pieces = path.rstrip("/").split("/")
    return [scheme + separator + "/".join(pieces[:length]) for length in range(len(pieces), 0, -1)]


def _is_below(uri: str, other: str) -> bool:
    start = other.rstrip("/")
    return uri == start or uri.startswith(f"{start}/")


def _fits(modifier: str, operand: UriOperand, value: UriValue) -> bool:
    return COMPARED[modifier](operand.uri, value.uri)


COMPARED: Mapping[str, Callable[[str, str], bool]] = {
    "": lambda asked, value: asked == value,
    "below": lambda asked, value: _is_below(value, asked),
    "above": lambda asked, value: value.rstrip("/") in parents(asked),
}
"""By modifier."""


def _sort_values(value: UriValue) -> Iterator[str]:
    yield value.uri


RULES = KindRules(
    family="uris",
    readers=table((_uri, "uri url oid uuid string"), (_canonical, "canonical")),
    read=_read,
    fits=_fits,
    written=lambda operand: escape(operand.uri),
    sort_values=_sort_values,
)
