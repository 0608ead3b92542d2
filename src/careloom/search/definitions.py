"""From a SearchParameter resource to the parameter of one type, and on to compiled ways to its values."""

from collections.abc import Iterator, Mapping
from typing import get_args

from careloom.definitions import Definitions, ElementInfo
from careloom.fhirpath import compile_expression
from careloom.model import Resource
from careloom.model.errors import CareloomError, DefinitionError
from careloom.model.records import replace
from careloom.search.elements import element_at, implied_system, json_keys, leads_by_url
from careloom.search.expressions import Branch, branches, relative_branch
from careloom.search.operands import Kind
from careloom.search.parameters import Path, SearchParameter, State
from careloom.search.walking import walk_along

_KINDS: frozenset[str] = frozenset(get_args(Kind))


def read_parameter(definition: Resource, type: str, state: State, definitions: Definitions) -> SearchParameter:
    """A definition as it applies to a type; without the components of a composite, see `with_components`.

    One that cannot be understood becomes a parameter in the state ``broken``, so that a search by it is told why.
    """
    code, url, kind = definition["code"], definition.get("url", ""), definition.get("type", "")
    if kind not in _KINDS:
        fault = f"{url}: type: a kind of search parameter expected, found {kind!r}"
        return SearchParameter(code, "special", url, (), state="broken", fault=fault)
    ways = branches(definition.get("expression", ""), type, definitions.types.is_a)
    return SearchParameter(
        code=code,
        kind=kind,
        url=url,
        branches=ways,
        targets=_targets(definition, ways, definitions) if kind == "reference" else (),
        is_canonical=kind == "reference" and _lead_by_url(type, ways, definitions),
        folded=kind == "token" and bool(ways) and all(_is_string(type, way, definitions) for way in ways),
        state="retired" if definition.get("status") == "retired" else state,
    )


def with_components(
    parameter: SearchParameter, definition: Resource, by_url: Mapping[str, SearchParameter]
) -> SearchParameter:
    """A composite with its parts, each of them the parameter it names, looked for in the composite's element.

    Args:
        parameter: As `read_parameter` has it.
        definition: Its definition.
        by_url: The parameters of the type by their canonical URL.
    """
    components: list[SearchParameter] = []
    for component in definition.get("component", ()):
        part = by_url.get(component.get("definition", "").partition("|")[0])
        if part is None or part.kind in ("composite", "special"):
            fault = f"{parameter.url}: component: a parameter of the same type expected, found {component!r}"
            return replace(parameter, state="broken", fault=fault)
        components.append(replace(part, branches=(relative_branch(component.get("expression", "")),)))
    if not components:
        return replace(parameter, state="broken", fault=f"{parameter.url}: component: at least 1 expected, 0 found")
    return replace(parameter, components=tuple(components))


def compile_paths(parameter: SearchParameter, type: str, definitions: Definitions) -> Iterator[Path]:
    """The ways to the values of a parameter, compiled.

    Raises:
        DefinitionError: The expression is not FHIRPath; names the parameter's URL.
    """
    for branch in parameter.branches:
        path = _compiled(parameter, branch, type, definitions)
        if parameter.components:
            base = _type_at(type, branch, definitions)
            parts = (_compiled(part, part.branches[0], base, definitions) for part in parameter.components)
            path = replace(path, components=tuple(parts))
        yield path


def _compiled(parameter: SearchParameter, branch: Branch, type: str, definitions: Definitions) -> Path:
    element = element_at(definitions, type, branch.path)
    is_code = parameter.kind == "token" and element is not None and element.types == ("code",)
    try:
        expression = compile_expression(branch.text, types=definitions.types, context_type=type or None)
    except CareloomError as error:
        raise DefinitionError(f"expression {branch.text!r}: {error}", url=parameter.url) from error
    return Path(
        expression=expression,
        walk=walk_along(branch.text, type, definitions.types) if type else None,
        keys=_keys(branch, type, definitions),
        target=branch.target,
        system=implied_system(definitions, element) if is_code and element else None,
        is_name=element is not None and element.path == "HumanName.family",
    )


def _keys(branch: Branch, type: str, definitions: Definitions) -> frozenset[str]:
    element = element_at(definitions, type, (branch.first,)) if branch.first else None
    return json_keys(element, branch.of_types) if element else frozenset()


def _type_at(type: str, branch: Branch, definitions: Definitions) -> str:
    """The type of the elements that a composite looks at; empty where it is not known."""
    if branch.text == type:
        return type
    element = element_at(definitions, type, branch.path)
    return element.types[0] if element and len(element.types) == 1 else ""


def _targets(definition: Resource, ways: tuple[Branch, ...], definitions: Definitions) -> tuple[str, ...]:
    narrowed = {way.target for way in ways}
    if narrowed and "" not in narrowed:
        return tuple(sorted(narrowed))
    concrete = definitions.types.resource_types()
    named = [target for target in definition.get("target", ()) if target in concrete]
    return tuple(sorted(named or concrete))


def _lead_by_url(type: str, ways: tuple[Branch, ...], definitions: Definitions) -> bool:
    return bool(ways) and all(leads_by_url(definitions, type, way.text) for way in ways)


def _is_string(type: str, branch: Branch, definitions: Definitions) -> bool:
    element: ElementInfo | None = element_at(definitions, type, branch.path)
    return element is not None and element.types == ("string",)
