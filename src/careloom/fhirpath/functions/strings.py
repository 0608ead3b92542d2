"""Text. Source: FHIRPath 2.0, 5.6 String manipulation, and the additions of 2.1.

Regular expressions are Python's, which differ from the PCRE that the specification names in corners only, and are
matched under a budget (`careloom.model.patterns`).
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping

from careloom.fhirpath.arithmetic import LONGEST_TEXT
from careloom.fhirpath.code import Code, one, several, values
from careloom.fhirpath.environment import Scope
from careloom.fhirpath.invocation import Function, Invocation, expected, of_value
from careloom.fhirpath.nodes import BOOLEAN, INTEGER, STRING, Item
from careloom.model.errors import InvalidError, TooCostlyError
from careloom.model.late import late_pattern
from careloom.model.patterns import Pattern, compile_pattern

_GROUP = late_pattern(r"\$(?:(\d+)|\{(\w+)\})")
_SHORT_TEXT = 1_000
"""Characters that cost nothing to speak of."""


def _substring(call: Invocation) -> Code:
    """From a place on, so many characters, or all that follow where the length is empty or left out."""
    at, length = call.required(0), call.argument(1)
    get, start = expected(call.input, STRING, call), expected(at, INTEGER, call)
    count = None if length is None else expected(length, INTEGER, call)

    def run(this: Item, scope: Scope) -> str | None:
        text, begin = get(this, scope), start(this, scope)
        if text is None or begin is None or not 0 <= begin < len(text):
            return None
        wanted = None if count is None else count(this, scope)
        return str(text[begin:] if wanted is None else text[begin : begin + max(wanted, 0)])

    return call.code(run, one(STRING), at, length)


def _replace(text: str, old: str, new: str) -> str:
    if text.count(old) * max(len(new) - len(old), 0) + len(text) > LONGEST_TEXT:
        raise TooCostlyError(f"a text of over {LONGEST_TEXT} characters would come out")
    return text.replace(old, new)


def _replace_matches(text: str, expression: str, substitution: str) -> str:
    if not expression:
        return text
    template = _GROUP.sub(lambda found: rf"\g<{found[1] or found[2]}>", substitution.replace("\\", r"\\"))
    return compile_pattern(expression).replaced(text, template)


def _matching(matches: Callable[[Pattern, str], bool]) -> Function:
    """A test by a pattern; a long text takes as many steps as a long list."""

    def compiled(call: Invocation) -> Code:
        form = call.required(0)
        get, get_form, site = expected(call.input, STRING, call), expected(form, STRING, call), call.site

        def run(this: Item, scope: Scope) -> bool | None:
            text = get(this, scope)
            if text is None or (expression := get_form(this, scope)) is None:
                return None
            if len(text) > _SHORT_TEXT:
                scope.spend(len(text))
            try:
                return matches(compile_pattern(expression), text)
            except InvalidError as error:
                raise site.invalid(str(error)) from error

        return call.code(run, one(BOOLEAN), form)

    return Function(compiled, 1, 1)


def _encoded(text: str, form: str) -> str | None:
    data = text.encode()
    match form:
        case "hex":
            return data.hex()
        case "base64":
            return base64.b64encode(data).decode()
        case "urlbase64":
            return base64.urlsafe_b64encode(data).decode()
    return None


def _decoded(text: str, form: str) -> str | None:
    try:
        match form:
            case "hex":
                return bytes.fromhex(text).decode()
            case "base64":
                return base64.b64decode(text, validate=True).decode()
            case "urlbase64":
                return base64.b64decode(text, altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error) as error:
        raise InvalidError(f"{text!r} is not {form}") from error
    return None


def _escaped(text: str, form: str) -> str | None:
    import html  # noqa: PLC0415  (these two functions are rare, and so is the time that their tables take to load)
    import json  # noqa: PLC0415

    match form:
        case "html":
            return html.escape(text)
        case "json":
            return json.dumps(text, ensure_ascii=False)[1:-1]
    return None


def _unescaped(text: str, form: str) -> str | None:
    import html  # noqa: PLC0415  (as above)

    match form:
        case "html":
            return html.unescape(text)
        case "json":
            return _from_json(text)
    return None


def _from_json(text: str) -> str:
    """Text with the escapes of JSON; a quote need not be escaped."""
    import json  # noqa: PLC0415  (as above)

    quoted = re.sub(r'\\.|"', lambda found: '\\"' if found[0] == '"' else found[0], text, flags=re.DOTALL)
    try:
        return str(json.loads(f'"{quoted}"', strict=False))
    except ValueError as error:
        raise InvalidError(f"{text!r} is not the content of a JSON string") from error


def _several(implement: Callable[..., list[str]], *parameters: str) -> Function:
    """A function of one text that gives several."""

    def compiled(call: Invocation) -> Code:
        arguments = [call.required(position) for position in range(len(parameters))]
        get = expected(call.input, STRING, call)
        others = [expected(code, STRING, call) for code in arguments]

        def run(this: Item, scope: Scope) -> list[str]:
            text, given = get(this, scope), [other(this, scope) for other in others]
            return [] if text is None or None in given else implement(text, *given)

        return call.code(run, several(STRING), *arguments)

    return Function(compiled, len(parameters), len(parameters))


def _join(call: Invocation) -> Code:
    separator = call.argument(0)
    texts, between = values(call.input), None if separator is None else expected(separator, STRING, call)
    site = call.site

    def run(this: Item, scope: Scope) -> str | None:
        found = texts(this, scope)
        for text in found:
            if not (text is None or isinstance(text, str)):
                raise site.invalid(f"join() expects texts, {text!r} found")
        glue = "" if between is None else between(this, scope)
        return (glue or "").join(text for text in found if text is not None) if found else None

    return call.code(run, one(STRING), separator)


def _split(text: str, separator: str) -> list[str]:
    return text.split(separator) if separator else list(text)


FUNCTIONS: Mapping[str, Function] = {
    "indexOf": of_value(lambda text, part: text.find(part), STRING, STRING, gives=INTEGER),
    "lastIndexOf": of_value(lambda text, part: text.rfind(part), STRING, STRING, gives=INTEGER),
    "substring": Function(_substring, 1, 2),
    "startsWith": of_value(lambda text, part: text.startswith(part), STRING, STRING, gives=BOOLEAN),
    "endsWith": of_value(lambda text, part: text.endswith(part), STRING, STRING, gives=BOOLEAN),
    "contains": of_value(lambda text, part: part in text, STRING, STRING, gives=BOOLEAN),
    "upper": of_value(lambda text: text.upper(), STRING, gives=STRING),
    "lower": of_value(lambda text: text.lower(), STRING, gives=STRING),
    "replace": of_value(_replace, STRING, STRING, STRING, gives=STRING),
    "matches": _matching(Pattern.is_in),
    "matchesFull": _matching(Pattern.is_whole),
    "replaceMatches": of_value(_replace_matches, STRING, STRING, STRING, gives=STRING),
    "length": of_value(len, STRING, gives=INTEGER),
    "trim": of_value(lambda text: text.strip(), STRING, gives=STRING),
    "encode": of_value(_encoded, STRING, STRING, gives=STRING),
    "decode": of_value(_decoded, STRING, STRING, gives=STRING),
    "escape": of_value(_escaped, STRING, STRING, gives=STRING),
    "unescape": of_value(_unescaped, STRING, STRING, gives=STRING),
    "toChars": _several(list),
    "split": _several(_split, STRING),
    "join": Function(_join, 0, 1),
}
