"""Messages: what the MessageHeader is about is in the Bundle, and is what the MessageDefinition says.

Source: FHIR R4, messaging, "Bundle content"; MessageHeader; MessageDefinition.
"""

from collections.abc import Iterator, Sequence

from careloom.model import Resource
from careloom.model.records import dataclass
from careloom.model.references import parse_reference, references_in
from careloom.validation.context import Check, Item, Scope
from careloom.validation.library import event_of
from careloom.validation.path import Path
from careloom.validation.rules.parts import Part, part, parts, text

_FAILURES = frozenset(["transient-error", "fatal-error"])


@dataclass(frozen=True, slots=True)
class _Focus:
    """One reference of MessageHeader.focus: its place, the type that it leads to, and the entry, if it is there."""

    reference: str
    path: Path
    type: str
    entry: Scope | None


def check_message(scope: Scope, check: Check) -> None:
    """Check a Bundle of type message."""
    entries = scope.index.entries
    if scope.resource.get("type") != "message" or not entries:
        return
    header = entries[0]
    name = header.resource.get("resourceType")
    if name != "MessageHeader":
        check.error("invalid", header.path, f"a MessageHeader expected as first entry, {name} found", "message")
        return
    foci = list(_foci(header, scope))
    for focus in foci:
        if focus.entry is None:
            check.error("not-found", focus.path, f"'{focus.reference}' expected in the message, not found", "message")
    for entry in entries:
        _check_namesakes(entry, scope, check)
    _check_by_definition(header, foci, check)


def _check_namesakes(entry: Scope, bundle: Scope, check: Check) -> None:
    """A reference that means no entry, though one has that type and id, has been meant for it."""
    for node in references_in(entry.resource):
        reference = node["reference"]
        if bundle.index.namesakes(reference) and not bundle.index.find(reference, entry):
            message = f"'{reference}' means no entry, by the rules for fullUrl; one of that type and id is there"
            check.error("not-found", entry.path, message, "message")


def _foci(header: Scope, bundle: Scope) -> Iterator[_Focus]:
    for focus, path in parts(header.resource, "focus", header.path):
        reference = text(focus, "reference")
        if reference and not reference.startswith("#"):
            found = bundle.index.find(reference, header)
            literal = parse_reference(reference)
            type = str(found[0].resource.get("resourceType")) if found else literal.type if literal else ""
            yield _Focus(reference, path, type or text(focus, "type"), found[0] if found else None)


# The definition


def _check_by_definition(header: Scope, foci: list[_Focus], check: Check) -> None:
    """Judge by the definition that is named; else one of those of the event must hold."""
    canonical = text(header.resource, "definition")
    if canonical:
        definition = check.library.definitions.find(canonical, "MessageDefinition")
        if definition is None:
            message = f"the MessageDefinition {canonical} is not in the loaded definitions"
            check.warning("not-found", (header.path, "definition"), message, "message-definition")
        else:
            _check_event(definition, header, check)
            _check_foci(definition, header, foci, check)
        return
    event = event_of(header.resource)
    definitions = check.library.message_definitions(event) if event else ()
    if definitions and not any(_holds(one, header, foci, check) for one in definitions):
        _check_foci(definitions[0], header, foci, check)


def _holds(definition: Resource, header: Scope, foci: list[_Focus], check: Check) -> bool:
    return check.would_hold(lambda aside: _check_foci(definition, header, foci, aside))


def _check_event(definition: Resource, header: Scope, check: Check) -> None:
    wanted, found = event_of(definition), event_of(header.resource)
    if wanted and found and wanted != found:
        message = f"the event {'#'.join(wanted)} of {definition.get('url')} expected, {'#'.join(found)} found"
        check.error("invalid", (header.path, "event"), message, "message-definition")


# Which focus, which profile, how many


def _check_foci(definition: Resource, header: Scope, foci: list[_Focus], check: Check) -> None:
    wanted = [one for one, _ in parts(definition, "focus", (None, ""))]
    if not wanted:
        return
    check = check.under(str(definition.get("url", "")))
    homes = [_home(focus, wanted, check) for focus in foci]
    for focus, home in zip(foci, homes, strict=True):
        if home is None and focus.type:
            expected = " or ".join(dict.fromkeys(text(one, "code") for one in wanted))
            message = f"a focus of type {expected} expected, {focus.type} found"
            check.error("structure", focus.path, message, "message-definition")
        elif home is not None:
            _check_profile(focus, home, check)
    is_failure = text(part(header.resource, "response"), "code") in _FAILURES
    for one in wanted:
        mine = [focus for focus, home in zip(foci, homes, strict=True) if home is one]
        _check_count(one, mine, header, check, is_failure=is_failure)


def _home(focus: _Focus, wanted: Sequence[Part], check: Check) -> Part | None:
    """The first of the right type whose profile holds; else the first of the right type, by which it is judged."""
    of_type = [one for one in wanted if focus.type and check.library.types.is_a(focus.type, text(one, "code"))]
    return next((one for one in of_type if _is_of_profile(focus, one, check)), of_type[0] if of_type else None)


def _is_of_profile(focus: _Focus, wanted: Part, check: Check) -> bool:
    profile = text(wanted, "profile")
    if not profile or focus.entry is None:
        return True
    return check.run.walker.conforms(focus.entry, profile, check) is not False


def _check_profile(focus: _Focus, wanted: Part, check: Check) -> None:
    profile = text(wanted, "profile")
    schema = check.library.find_schema(profile) if profile else None
    if profile and schema is None:
        message = f"{profile}, a profile for this focus, is not in the loaded definitions"
        check.warning("not-found", focus.path, message, "message-definition")
    elif schema is not None and focus.entry is not None:
        item = Item(focus.entry.resource, None, focus.type, focus.entry.path)
        check.run.walker.check_profile(item, schema, check.within(focus.entry))


def _check_count(wanted: Part, found: list[_Focus], header: Scope, check: Check, *, is_failure: bool) -> None:
    """A response that tells of a failure need not have anything that it is about."""
    profile, code = text(wanted, "profile"), text(wanted, "code")
    named = f"{code} ({profile})" if profile else code
    least, most = wanted.get("min"), text(wanted, "max")
    if isinstance(least, int) and len(found) < least and not is_failure:
        message = f"at least {least} of {named} expected, {len(found)} found"
        check.error("structure", (header.path, "focus"), message, "message-definition")
    if most.isdecimal():
        for surplus in found[int(most) :]:
            message = f"at most {most} of {named} expected, {len(found)} found"
            check.error("structure", surplus.path, message, "message-definition")
