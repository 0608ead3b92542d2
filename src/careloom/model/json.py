"""JSON in and out, losing nothing: decimals keep their digits, integers their size."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from importlib import import_module
from typing import Any

from careloom.model.collector import paused
from careloom.model.errors import MalformedError
from careloom.model.late import late_pattern
from careloom.model.numbers import ExactDecimal, decimal_text
from careloom.model.resource import Resource

FEW = 8
"""Texts that are read by the standard library before the fast reader is loaded, which takes longer than they do."""

SMALL = 1 << 16
"""Bytes up to which that is so."""

BOM = b"\xef\xbb\xbf"
"""What some writers put before UTF-8."""

Decode = Callable[[bytes], Any]

_LARGE = 1_000_000
"""Bytes of a text for which the garbage collector is paused."""

_BYTE_POSITION = late_pattern(r"\(byte (\d+)\)")


def parse_json(text: bytes | str) -> Any:
    """Read JSON text into plain values, decimals as `ExactDecimal`.

    Raises:
        MalformedError: Not JSON, not UTF-8, or nested too deeply; the message has line and column.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    data = data.removeprefix(BOM)
    if len(data) < _LARGE:
        return _reader.decode(data)
    with paused():
        return _reader.decode(data)


def parse_resource(text: bytes | str) -> Resource:
    """Read one resource from JSON text.

    Raises:
        MalformedError: Not JSON, not an object, or without ``resourceType``.
    """
    value = parse_json(text)
    if not isinstance(value, dict):
        raise MalformedError(f"a resource is a JSON object, found {_kind(value)}")
    name = value.get("resourceType")
    if not isinstance(name, str) or not name:
        raise MalformedError(f"resourceType: the name of a resource type expected, found {_kind(name)}")
    return value


def fast_writer() -> Any | None:
    """The module `orjson`, once so much has been read that it is worth loading; None before."""
    return _reader.writer


def serialize_json(value: Any, *, pretty: bool = False) -> bytes:
    """Write plain values as UTF-8 JSON; keys stay in order, decimals keep their digits."""
    import orjson  # noqa: PLC0415  (many runs only read)

    option = orjson.OPT_INDENT_2 if pretty else None
    try:
        return trimmed(orjson.dumps(value, default=_default, option=option))
    except TypeError:
        return trimmed(orjson.dumps(_with_wide_integers(value), default=_default, option=option))


def trimmed(text: bytes) -> bytes:
    """A text that was just written, in as much memory as it needs: orjson leaves it in four kilobytes or more."""
    return b"%b" % text


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        import orjson  # noqa: PLC0415  (loaded already)

        return orjson.Fragment(decimal_text(value))
    raise TypeError(f"{type(value).__name__} has no place in FHIR JSON")


def _with_wide_integers(value: Any) -> Any:
    """The same value with integers over 64 bits, which orjson refuses, as fragments of their digits."""
    if isinstance(value, dict):
        return {key: _with_wide_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_wide_integers(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 63:
        import orjson  # noqa: PLC0415  (loaded already)

        return orjson.Fragment(str(value).encode())
    return value


class _Reader:
    """Reads the first few small texts by the standard library, and all others by msgspec, which is strict and fast."""

    def __init__(self) -> None:
        self._left = FEW
        self._fast: Decode | None = None
        self.writer: Any = None

    def decode(self, data: bytes) -> Any:
        """Plain values.

        Raises:
            MalformedError: As `parse_json` says.
        """
        if self._fast is None:
            self._left -= 1
            if self._left >= 0 and len(data) <= SMALL:
                value = _plainly(data)
                if value is not _CANNOT:
                    return value
            self._fast = _fast_decoder()
            self.writer = import_module("orjson")
        return self._fast(data)


_reader = _Reader()
_CANNOT = object()


def _plainly(data: bytes) -> Any:
    """A text as the standard library reads it; `_CANNOT` where that is no JSON, or where the two readers may differ.

    They differ over halves of surrogate pairs, which only an escape can write, and over words for what is no number.
    """
    import json  # noqa: PLC0415  (what this is about)

    if b"\\u" in data:
        return _CANNOT
    try:
        return json.loads(data.decode(), parse_float=ExactDecimal, parse_constant=_refuse)
    except (ValueError, ArithmeticError, RecursionError):  # the strict reader says what is wrong, and where
        return _CANNOT


def _refuse(word: str) -> Any:
    raise ValueError(word)


def _fast_decoder() -> Decode:
    """The strict reader, with what it refuses told in our words."""
    import msgspec  # noqa: PLC0415  (a fiftieth of a second, with all that it loads)

    decode = msgspec.json.Decoder(float_hook=ExactDecimal).decode

    def decoded(data: bytes) -> Any:
        try:
            return decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedError(f"not JSON: {_located(str(error), data)}") from error
        except InvalidOperation as error:
            raise MalformedError("not JSON that can be read: a number's exponent is out of range") from error
        except RecursionError as error:
            raise MalformedError("JSON nested too deeply: about 1000 levels are read") from error

    return decoded


def _located(message: str, data: bytes) -> str:
    found = _BYTE_POSITION.search(message)
    if not found:
        return message
    before = data[: int(found[1])]
    line = before.count(b"\n") + 1
    column = len(before) - (before.rfind(b"\n") + 1) + 1
    return f"{_BYTE_POSITION.sub('', message).strip()} at line {line}, column {column}"


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return f"the text {value!r}"
    names = {type(None): "nothing", bool: "a boolean", list: "an array", dict: "an object"}
    return names.get(type(value), "a number")
