"""ValueSet $expand. Source: FHIR R4, ValueSet operation expand."""

from collections.abc import Iterator
from typing import Any

from careloom.model import Resource
from careloom.model.errors import InvalidError, NotFoundError
from careloom.model.instants import Clock, instant, utc_now
from careloom.model.parameters import Inputs
from careloom.terminology.concept import Designation
from careloom.terminology.expansion import Entry, Expansion, ExpansionRequest
from careloom.terminology.operations.outputs import designation
from careloom.terminology.terminology import Terminology
from careloom.terminology.versions import SystemVersions


def expand(terminology: Terminology, parameters: Resource, *, now: Clock = utc_now) -> Resource:
    """List the codes of a value set.

    Args:
        terminology: What answers.
        parameters: ``url`` with ``valueSetVersion``, or ``valueSet``; ``filter``, ``offset``, ``count``,
            ``activeOnly``, ``excludeNotForUI``, ``displayLanguage``, ``includeDesignations``, ``designation``,
            ``system-version``, ``force-system-version``, ``check-system-version``, ``exclude-system``,
            ``useSupplement``.
        now: When it is done.

    Returns:
        The ValueSet with ``expansion``, without its ``compose`` unless ``includeDefinition`` asks for it.

    Raises:
        InvalidError: Neither url nor valueSet, or a parameter of the wrong type.
        NotFoundError: No such value set.
        NotSupportedError: Its codes cannot be listed here.
        TooCostlyError: More codes than the ceiling.
    """
    inputs = Inputs(parameters)
    value_set = _value_set(terminology, inputs)
    request = _request(inputs)
    expansion = terminology.expand_in(value_set, request, name=str(value_set.get("url", "")))
    kept = value_set if inputs.flag("includeDefinition") else _without_definition(value_set)
    told = {
        "timestamp": instant(now()),
        **({"total": expansion.total} if expansion.total is not None else {}),
        **({"offset": request.offset} if request.count is not None else {}),
        "parameter": list(_parameters(inputs, expansion)),
        "contains": [_contains(entry, inputs) for entry in expansion.entries],
    }
    return {**kept, "expansion": {key: value for key, value in told.items() if value != []}}


def _value_set(terminology: Terminology, inputs: Inputs) -> Resource:
    given = inputs.resource("valueSet", "ValueSet")
    if given is not None:
        return given
    url, version = inputs.text("url"), inputs.text("valueSetVersion")
    if not url:
        raise InvalidError("url or valueSet expected, found neither")
    canonical = f"{url}|{version}" if version and "|" not in url else url
    found = terminology.value_set(canonical)
    if found is None:
        raise NotFoundError(f"value set {canonical} is not in the loaded definitions")
    return found


def _request(inputs: Inputs) -> ExpansionRequest:
    return ExpansionRequest(
        text=inputs.text("filter"),
        language=inputs.text("displayLanguage"),
        offset=inputs.whole("offset") or 0,
        count=inputs.whole("count"),
        active_only=inputs.flag("activeOnly"),
        selectable_only=inputs.flag("excludeNotForUI"),
        versions=SystemVersions.of(
            default=inputs.texts("system-version"),
            force=inputs.texts("force-system-version"),
            check=inputs.texts("check-system-version"),
        ),
        supplements=inputs.texts("useSupplement"),
        without=inputs.texts("exclude-system"),
    )


def _without_definition(value_set: Resource) -> Resource:
    return {key: value for key, value in value_set.items() if key not in ("compose", "text")}


def _parameters(inputs: Inputs, expansion: Expansion) -> Iterator[dict[str, Any]]:
    yield from ({"name": "used-codesystem", "valueUri": canonical} for canonical in expansion.used)
    for name in ("filter", "displayLanguage"):
        if inputs.text(name):
            yield {"name": name, "valueString": inputs.text(name)}
    for name in ("activeOnly", "excludeNotForUI", "includeDesignations"):
        if inputs.has(name):
            yield {"name": name, "valueBoolean": inputs.flag(name)}


def _contains(entry: Entry, inputs: Inputs) -> dict[str, Any]:
    wanted = inputs.texts("designation")
    terms = [
        designation(term)
        for term in entry.terms
        if inputs.flag("includeDesignations", default=bool(wanted)) and (not wanted or _is_wanted(term, wanted))
    ]
    told: dict[str, Any] = {
        "system": entry.system,
        "abstract": entry.is_abstract,
        "inactive": entry.is_inactive,
        "version": entry.version,
        "code": entry.code,
        "display": entry.display,
        "designation": terms,
    }
    return {key: value for key, value in told.items() if value}


def _is_wanted(term: Designation, wanted: tuple[str, ...]) -> bool:
    """Whether a designation is one of those asked for, as ``urn:ietf:bcp:47|en`` or the use's ``system|code``."""
    use = f"{term.use.get('system', '')}|{term.use.get('code', '')}"
    return f"urn:ietf:bcp:47|{term.language}" in wanted or use in wanted
