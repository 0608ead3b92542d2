"""Primitive values: their JSON type, their pattern, and the values that a pattern cannot tell from wrong ones.

Source: FHIR R4, datatypes, "Primitive Types".
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from math import isfinite
from typing import Any

from careloom.model.late import late_pattern
from careloom.model.numbers import FloatFoundError
from careloom.validation.context import Check
from careloom.validation.options import Options, is_example_url
from careloom.validation.path import Path

MAX_STRING = 1024 * 1024
"""Characters in a string, by the specification."""

_UUID = late_pattern(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_OID = late_pattern(r"[0-2](\.(0|[1-9][0-9]*))+")
_ID = late_pattern(r"[A-Za-z0-9\-.]{1,64}")
_CODE = late_pattern(r"[^\s]+( [^\s]+)*")
_URI = late_pattern(r"\S+")
_BASE64 = late_pattern(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_TAG = late_pattern(r"<[!/]?[A-Za-z][^<>]*>?")
_MARKDOWN_CODE = late_pattern(r"```.*?```|`[^`\n]*`|<[A-Za-z][A-Za-z0-9+.-]*:[^<>\s]*>|<[^<>\s@]+@[^<>\s]+>", re.DOTALL)
"""What looks like a tag in Markdown and is none: code, addresses."""
_CONTROL = late_pattern(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_YEAR = r"[0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000"
_DATE_TEXT = rf"(?P<date>(?:{_YEAR})(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?)"
_DAY_TEXT = rf"(?P<date>(?:{_YEAR})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))"
_TIME_TEXT = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE_TEXT = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_DATE = late_pattern(_DATE_TEXT)
_DATE_TIME = late_pattern(rf"(?:{_DAY_TEXT}T{_TIME_TEXT}{_ZONE_TEXT}|{_DATE_TEXT.replace('<date>', '<day>')})")
_INSTANT = late_pattern(rf"{_DAY_TEXT}T{_TIME_TEXT}{_ZONE_TEXT}")
_TIME = late_pattern(_TIME_TEXT)

_TEXTS = ("string", "markdown")

Fault = str | None


def check_primitive(type: str, value: Any, path: Path, check: Check) -> None:
    """Tell what is wrong with the value of a primitive type.

    Raises:
        FloatFoundError: It is a decimal that was read as a float.
    """
    fault = primitive_fault(type, value)
    if fault is None and type in _TEXTS and (advice := _text_advice(value)):
        check.warning("invalid", path, f"{advice}, {_shown(value)} found", "primitive")
    fault = fault or _policy_fault(type, value, check.options)
    if fault:
        check.error("invalid", path, f"{fault}, {_shown(value)} found", "primitive")
    elif type == "canonical" and value.startswith("#"):
        _check_fragment(value, path, check)


def _policy_fault(type: str, value: Any, options: Options) -> Fault:
    """What the caller does not want, although FHIR allows it."""
    if options.check_security and type in ("string", "markdown", "code", "uri") and _TAG.search(value):
        return "a text without anything like an HTML tag expected"
    if options.refuse_html and type == "markdown" and _TAG.search(_MARKDOWN_CODE.sub("", value)):
        return "Markdown without tags of HTML expected"
    if not options.allow_example_urls and type in ("uri", "url", "canonical") and is_example_url(value):
        return "an address that is not made for examples expected"
    return None


def is_plain(type: str, value: Any) -> bool:
    """Whether there is nothing to tell of a value, whatever stands around it."""
    if primitive_fault(type, value) is not None:
        return False
    return not (_text_advice(value) if type in _TEXTS else type == "canonical" and value.startswith("#"))


def _text_advice(value: str) -> Fault:
    """What a text should not be, though it may. Source: FHIR R4, datatypes, "string": two sentences with SHOULD."""
    if not value.strip():
        return "a text with more than space in it expected"
    return "a text without control characters expected" if _CONTROL.search(value) else None


def _check_fragment(value: str, path: Path, check: Check) -> None:
    """A canonical that is a fragment alone means a contained resource.

    Source: FHIR R4, references, "Canonical URLs".
    """
    container = check.scope.container.resource
    contained = container.get("contained")
    ids = {one.get("id") for one in contained if isinstance(one, dict)} if isinstance(contained, list) else set()
    if value[1:] not in ids and value[1:] not in ("", container.get("id")):
        check.error("not-found", path, f"a contained resource expected for '{value}', none found", "canonical-target")


def primitive_fault(type: str, value: Any) -> Fault:
    """What was expected of a value, when it is not that; None when it is right or the type is unknown."""
    judge = _JUDGES.get(type)
    return judge(value) if judge else None


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    text = repr(value) if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 80 else f"{text[:60]}… ({len(text)} characters)"


def _boolean(value: Any) -> Fault:
    return None if isinstance(value, bool) else "true or false expected"


def _integer(least: int, greatest: int, name: str) -> Callable[[Any], Fault]:
    def judge(value: Any) -> Fault:
        if isinstance(value, bool) or not isinstance(value, int):
            return f"{name} expected"
        return None if least <= value <= greatest else f"{name} from {least} to {greatest} expected"

    return judge


def _decimal(value: Any) -> Fault:
    if isinstance(value, float) and isfinite(value):
        raise FloatFoundError
    return None if isinstance(value, Decimal | int) and not isinstance(value, bool) else "a number expected"


def _string(value: Any) -> Fault:
    if not isinstance(value, str):
        return "a text expected"
    if not value:
        return "a text that is not empty expected"
    return f"a text of at most {MAX_STRING} characters expected" if len(value) > MAX_STRING else None


def _matching(pattern: re.Pattern[str], name: str) -> Callable[[Any], Fault]:
    def judge(value: Any) -> Fault:
        return None if isinstance(value, str) and pattern.fullmatch(value) else f"{name} expected"

    return judge


def _id(value: Any) -> Fault:
    return _matching(_ID, "an id (A-Z, a-z, 0-9, - and ., at most 64 characters)")(value)


def _uri(value: Any) -> Fault:
    if not isinstance(value, str) or not _URI.fullmatch(value):
        return "a URI without spaces expected"
    if value.startswith("urn:uuid:") and not _UUID.fullmatch(value[9:].partition("#")[0]):
        return "a UUID in lower case expected after urn:uuid:"
    if value.startswith("urn:oid:") and not _OID.fullmatch(value[8:]):
        return "an OID expected after urn:oid:"
    if value.startswith(("oid:", "uuid:")):
        return "urn: before oid: or uuid: expected"
    return None


def _canonical(value: Any) -> Fault:
    fault = _uri(value)
    if fault is None and not value.startswith("#") and ":" not in value:
        return "an absolute address, or one within the resource, expected"
    return fault


def _prefixed(prefix: str, pattern: re.Pattern[str], name: str) -> Callable[[Any], Fault]:
    def judge(value: Any) -> Fault:
        is_right = isinstance(value, str) and value.startswith(prefix) and pattern.fullmatch(value[len(prefix) :])
        return None if is_right else f"{name} expected"

    return judge


def _base64(value: Any) -> Fault:
    if not isinstance(value, str) or not value.strip():
        return "base64 text expected"
    return None if _BASE64.fullmatch("".join(value.split())) else "base64 text expected"


def _in_calendar(pattern: re.Pattern[str], name: str) -> Callable[[Any], Fault]:
    def judge(value: Any) -> Fault:
        found = pattern.fullmatch(value) if isinstance(value, str) else None
        if not found:
            return f"{name} expected"
        day = next((text for text in found.groupdict().values() if text), "")
        return None if len(day) < 10 or _is_day(day) else f"{name} with a day that its month has expected"

    return judge


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


_JUDGES: Mapping[str, Callable[[Any], Fault]] = {
    "base64Binary": _base64,
    "boolean": _boolean,
    "canonical": _canonical,
    "code": _matching(_CODE, "a code without spaces at its ends or two in a row"),
    "date": _in_calendar(_DATE, "a date (YYYY, YYYY-MM or YYYY-MM-DD)"),
    "dateTime": _in_calendar(_DATE_TIME, "a dateTime (a date, or YYYY-MM-DDThh:mm:ss with a time zone)"),
    "decimal": _decimal,
    "id": _id,
    "instant": _in_calendar(_INSTANT, "an instant (YYYY-MM-DDThh:mm:ss with a time zone)"),
    "integer": _integer(-(2**31), 2**31 - 1, "an integer"),
    "markdown": _string,
    "oid": _prefixed("urn:oid:", _OID, "urn:oid: and an OID"),
    "positiveInt": _integer(1, 2**31 - 1, "a positive integer"),
    "string": _string,
    "time": _matching(_TIME, "a time (hh:mm:ss)"),
    "unsignedInt": _integer(0, 2**31 - 1, "an integer that is not negative"),
    "uri": _uri,
    "url": _uri,
    "uuid": _prefixed("urn:uuid:", _UUID, "urn:uuid: and a UUID in lower case"),
    "xhtml": lambda value: None if isinstance(value, str) else "a text expected",
}
