"""JSON in and out, losing nothing: decimals keep their digits, integers their size."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
import orjson

from careloom.model.errors import MalformedError
from careloom.model.numbers import ExactDecimal, decimal_text
from careloom.model.resource import Resource

_decoder = msgspec.json.Decoder(float_hook=ExactDecimal)
_BOM = b"\xef\xbb\xbf"
_BYTE_POSITION = re.compile(r"\(byte (\d+)\)")


def parse_json(text: bytes | str) -> Any:
    """Read JSON text into plain values, decimals as `ExactDecimal`.

    Raises:
        MalformedError: Not JSON, not UTF-8, or nested too deeply; the message has line and column.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    data = data.removeprefix(_BOM)
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError(f"not JSON: {_located(str(error), data)}") from error
    except InvalidOperation as error:
        raise MalformedError("not JSON that can be read: a number's exponent is out of range") from error
    except RecursionError as error:
        raise MalformedError("JSON nested too deeply: about 1000 levels are read") from error


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


def serialize_json(value: Any, *, pretty: bool = False) -> bytes:
    """Write plain values as UTF-8 JSON; keys stay in order, decimals keep their digits."""
    option = orjson.OPT_INDENT_2 if pretty else None
    try:
        return orjson.dumps(value, default=_default, option=option)
    except TypeError:
        return orjson.dumps(_with_wide_integers(value), default=_default, option=option)


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(decimal_text(value))
    raise TypeError(f"{type(value).__name__} has no place in FHIR JSON")


def _with_wide_integers(value: Any) -> Any:
    """The same value with integers over 64 bits, which orjson refuses, as fragments of their digits."""
    if isinstance(value, dict):
        return {key: _with_wide_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_wide_integers(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 63:
        return orjson.Fragment(str(value).encode())
    return value


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
