"""Rules of single data types that no definition states in a form that can be computed."""

import base64
from collections.abc import Callable, Mapping

from careloom.model.late import late_pattern
from careloom.terminology.displays import is_right_display
from careloom.terminology.formal import UCUM, is_unit
from careloom.terminology.results import how_to_supply
from careloom.validation.context import Check, Item
from careloom.validation.narrative import check_narrative
from careloom.validation.options import is_example_url
from careloom.validation.path import path_text
from careloom.validation.primitives import primitive_fault
from careloom.validation.references import check_reference

_ABSOLUTE = late_pattern(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
URI_SYSTEM = "urn:ietf:rfc:3986"


def check_datatype(item: Item, check: Check) -> None:
    """Check a complex value by the rules of its data type, if there are any."""
    rule = _RULES.get(item.type)
    if rule:
        rule(item, check)


def _check_coding(item: Item, check: Check) -> None:
    system, code = item.value.get("system"), item.value.get("code")
    if not isinstance(system, str) or not system:
        return
    if not _ABSOLUTE.fullmatch(system):
        check.error("code-invalid", (item.path, "system"), f"an absolute address expected, '{system}' found", "system")
        return
    content = check.run.terminology.code_system(system)
    if content is not None and content.is_supplement:
        message = f"a code system expected, the supplement {system} found"
        check.error("not-found", (item.path, "system"), message, "system")
    elif isinstance(code, str):
        _check_code(item, system, code, check)


def _check_code(item: Item, system: str, code: str, check: Check) -> None:
    known = check.run.terminology.has_code(system, code)
    if known is False:
        check.error("code-invalid", (item.path, "code"), f"a code of {system} expected, '{code}' found", "code")
    elif known:
        _check_display(item, system, code, check)
    else:
        _tell_unknown_system(item, system, check)


def _tell_unknown_system(item: Item, system: str, check: Check) -> None:
    """A value set in the place of a code system is an error each time; a system without content here one warning."""
    if check.library.has_value_set(system):
        message = f"a code system expected, the value set {system} found"
        check.error("invalid", (item.path, "system"), message, "system")
    elif system not in check.run.told_systems and not is_example_url(system):
        check.run.told_systems.add(system)
        held = "only a part" if check.run.terminology.has_some(system) else "no content"
        message = f"codes of {system} are not checked, since {held} of it is here; {how_to_supply(system)}"
        check.warning("not-found", (item.path, "system"), message, "terminology")


def _check_display(item: Item, system: str, code: str, check: Check) -> None:
    """A display that the value set of the place gives is right as well, see `careloom.validation.bindings`."""
    display = item.value.get("display")
    concept = check.run.terminology.lookup(system, code)
    if concept is None or not isinstance(display, str) or not concept.display:
        return
    if is_right_display(display, concept, None, check.options.language) is False:
        path = (item.path, "display")
        message = f"'{concept.display}' expected for {system}#{code}, '{display}' found"
        check.tell(check.options.wrong_displays, "invalid", path, message, "display")
        check.run.wrong_displays.add(path_text(path))


def _check_quantity(item: Item, check: Check) -> None:
    system, code = item.value.get("system"), item.value.get("code")
    if system == UCUM and isinstance(code, str) and not is_unit(code):
        check.error("code-invalid", (item.path, "code"), f"a unit of UCUM expected, '{code}' found", "code")


def _check_identifier(item: Item, check: Check) -> None:
    system, value = item.value.get("system"), item.value.get("value")
    if isinstance(system, str) and system and not _ABSOLUTE.fullmatch(system):
        check.error("code-invalid", (item.path, "system"), f"an absolute address expected, '{system}' found", "system")
    if system == URI_SYSTEM and isinstance(value, str) and not _ABSOLUTE.fullmatch(value):
        check.error("code-invalid", (item.path, "value"), f"a full URI expected, '{value}' found", "identifier")


def _check_attachment(item: Item, check: Check) -> None:
    data, size = item.value.get("data"), item.value.get("size")
    if primitive_fault("base64Binary", data) is None and primitive_fault("unsignedInt", size) is None:
        actual = len(base64.b64decode("".join(data.split())))
        if actual != size:
            check.error(
                "structure", (item.path, "size"), f"{actual} (bytes of data) expected, {size} found", "attachment"
            )


_RULES: Mapping[str, Callable[[Item, Check], None]] = {
    "Age": _check_quantity,
    "Attachment": _check_attachment,
    "Coding": _check_coding,
    "Count": _check_quantity,
    "Distance": _check_quantity,
    "Duration": _check_quantity,
    "Identifier": _check_identifier,
    "Narrative": check_narrative,
    "Quantity": _check_quantity,
    "Reference": check_reference,
}

RULED_TYPES = frozenset(_RULES)
"""Types that have a rule."""
