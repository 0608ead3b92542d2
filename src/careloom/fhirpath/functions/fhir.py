"""What FHIR adds to FHIRPath. Source: FHIR R4, FHIRPath, 2.1.9.1.5 "Additional functions"."""

from collections.abc import Iterator, Mapping
from typing import Any

from careloom.fhirpath.code import NOTHING, TRUTH, Code, Shape, many, one, path, several, single
from careloom.fhirpath.environment import Scope
from careloom.fhirpath.functions.narrative import is_acceptable
from careloom.fhirpath.invocation import Function, Invocation, expected
from careloom.fhirpath.nodes import STRING, Item, fields, plain, type_of
from careloom.model import Resource
from careloom.model.errors import NotSupportedError
from careloom.model.records import replace

_CORE = "http://hl7.org/fhir/StructureDefinition/"


def _has_value(call: Invocation) -> Code:
    """Whether the one item is a primitive with a value."""
    if call.input.shape.single:
        get = call.input.run

        def run_single(this: Item, scope: Scope) -> bool:
            return _is_primitive_value(get(this, scope))

        return call.code(run_single, TRUTH)
    items = call.input.run

    def run(this: Item, scope: Scope) -> bool:
        found = items(this, scope)
        return len(found) == 1 and _is_primitive_value(found[0])

    return call.code(run, TRUTH)


def _is_primitive_value(item: Item) -> bool:
    value = plain(item)
    return value is not None and not isinstance(value, dict)


def _get_value(call: Invocation) -> Code:
    get = single(call.input, call.site)

    def run(this: Item, scope: Scope) -> Any:
        value = plain(get(this, scope))
        return None if isinstance(value, dict) else value

    return call.code(run, one())


def _extension(call: Invocation) -> Code:
    """The extensions with a URL."""
    url = call.required(0)
    wanted = expected(url, STRING, call)
    step = call.compiler.navigation.step(call.input.shape, "extension")
    if step is None:
        return call.code(lambda this, scope: NOTHING, several("Extension"), url)
    items = many(path(call.input, step))

    def run(this: Item, scope: Scope) -> list[Item]:
        name = wanted(this, scope)
        return [item for item in items(this, scope) if _url(item) == name]

    return call.code(run, Shape(frozenset({"Extension"})), url)


def _url(item: Item) -> Any:
    return (item if item.__class__ is dict else fields(item)).get("url")


def _has_extension(call: Invocation) -> Code:
    found = _extension(call)
    items = many(found)
    return call.code(lambda this, scope: bool(items(this, scope)), TRUTH, call.required(0))


def _resolve(call: Invocation) -> Code:
    """The resources that references and canonicals lead to; what cannot be found is left out."""
    items = many(call.input)

    def run(this: Item, scope: Scope) -> list[Item]:
        found = (_target(_reference(item), scope) for item in items(this, scope))
        return [item for item in found if item is not None]

    return _worldly(call.code(run, several("Resource")))


def _reference(item: Item) -> str | None:
    value = plain(item)
    text = value.get("reference") if isinstance(value, dict) else value
    return text if isinstance(text, str) else None


def _target(reference: str | None, scope: Scope) -> Item:
    if reference is None:
        return None
    if reference.startswith("#"):
        container = plain(scope.root_resource)
        if reference == "#" or not isinstance(container, dict):
            return container
        return next((found for found in _contained(container) if found.get("id") == reference[1:]), None)
    resolve = scope.environment.resolve
    return None if resolve is None else resolve(reference)


def _contained(container: Resource) -> Iterator[Resource]:
    listed = container.get("contained")
    return (found for found in (listed if isinstance(listed, list) else ()) if isinstance(found, dict))


def _member_of(call: Invocation) -> Code:
    value_set = call.required(0)
    get, wanted = single(call.input, call.site), expected(value_set, STRING, call)

    def run(this: Item, scope: Scope) -> bool | None:
        item, url = plain(get(this, scope)), wanted(this, scope)
        member_of = scope.environment.member_of
        return None if item is None or url is None or member_of is None else member_of(item, url)

    return _worldly(call.code(run, TRUTH, value_set))


def _conforms_to(call: Invocation) -> Code:
    """Whether a resource conforms to a profile; for the types of FHIR themselves, its type answers."""
    profile, types, exact, site = call.required(0), call.compiler.types, call.input.shape.exact, call.site
    get, wanted = single(call.input, call.site), expected(profile, STRING, call)

    def run(this: Item, scope: Scope) -> bool | None:
        item, url = get(this, scope), wanted(this, scope)
        if item is None or url is None:
            return None
        name = url.removeprefix(_CORE)
        if name != url and types.node(name) is not None and not types.is_a(type_of(item, exact), name):
            return False
        port = scope.environment.conforms_to
        if port is not None:
            return port(plain(item), url)
        if name != url and types.node(name) is not None:
            return True
        raise site.invalid(f"conformsTo() cannot tell about {url}: nobody here knows profiles")

    return _worldly(call.code(run, TRUTH, profile))


def _html_checks(call: Invocation) -> Code:
    get = single(call.input, call.site)

    def run(this: Item, scope: Scope) -> bool | None:
        text = plain(get(this, scope))
        return None if text is None else isinstance(text, str) and is_acceptable(text)

    return call.code(run, TRUTH)


def _unsupported(call: Invocation) -> Code:
    raise NotSupportedError(str(call.site.invalid(f"{call.tree.name}() is not supported")))


def _worldly(code: Code) -> Code:
    return replace(code, uses_world=True)


FUNCTIONS: Mapping[str, Function] = {
    "hasValue": Function(_has_value),
    "getValue": Function(_get_value),
    "extension": Function(_extension, 1, 1),
    "hasExtension": Function(_has_extension, 1, 1),
    "resolve": Function(_resolve),
    "memberOf": Function(_member_of, 1, 1),
    "conformsTo": Function(_conforms_to, 1, 1),
    "htmlChecks": Function(_html_checks),
    "htmlChecks2": Function(_html_checks),
    "subsumes": Function(_unsupported, 1, 1),
    "subsumedBy": Function(_unsupported, 1, 1),
    "elementDefinition": Function(_unsupported),
    "slice": Function(_unsupported, 2, 2),
    "checkModifiers": Function(_unsupported, 0, 100),
}
