"""Extensions: each by its definition, in a place where it may be used, as the modifier that it is or is not."""

from collections.abc import Iterator, Mapping
from typing import Any

from careloom.model.errors import CareloomError
from careloom.validation.context import Check, Item
from careloom.validation.errata import EXTENSION_CONTEXTS
from careloom.validation.invariants import environment_of, holds
from careloom.validation.options import is_example_url
from careloom.validation.path import Path, path_text
from careloom.validation.schema import Context, Element, Schema

_KEYS = ("extension", "modifierExtension")
_ANYWHERE = "*"
"""How DSTU 2 said it, and our own errata do; a definition of R4 says ``Element``."""


def check_extensions(holder: Item, check: Check) -> None:
    """Check the extensions on an element or resource, complex or primitive."""
    value, sibling = holder.value, holder.sibling
    if sibling is None and not (isinstance(value, dict) and ("extension" in value or "modifierExtension" in value)):
        return
    for key in _KEYS:
        for where in (value, sibling):
            found = where.get(key) if isinstance(where, dict) else None
            for index, extension in enumerate(found if isinstance(found, list) else ()):
                if isinstance(extension, dict):
                    _check_extension(extension, ((holder.path, key), index), holder, key, check)


def _check_extension(extension: Mapping[str, Any], path: Path, holder: Item, key: str, check: Check) -> None:
    url = extension.get("url")
    if not isinstance(url, str) or not url:
        return
    if ":" not in url:
        _check_part(url, path, holder, check)
        return
    schema = check.library.find_schema(url)
    if schema is None:
        _tell_unknown(url, path, check)
    elif schema.type != "Extension":
        check.error("structure", path, f"an extension expected, {url} defines a {schema.type}", "extension")
    else:
        _check_modifier(schema, path, key, check)
        _check_context(schema, path, holder, check)
        check.run.walker.check_profile(Item(extension, None, "Extension", path), schema, check)


def _check_part(url: str, path: Path, holder: Item, check: Check) -> None:
    """A part of a complex extension: its address is relative, and the whole defines it."""
    whole = holder.value.get("url") if holder.type == "Extension" and isinstance(holder.value, dict) else None
    if not isinstance(whole, str):
        check.error("structure", path, f"an absolute address expected, '{url}' found", "extension")
        return
    schema = check.library.find_schema(whole) if ":" in whole else None
    parts = set(_part_urls(schema.root)) if schema else set()
    if schema and url not in parts and not _is_open(schema):
        known = ", ".join(sorted(parts)) or "none"
        check.error("structure", path, f"a part of {whole} expected ({known}), '{url}' found", "extension")


def _part_urls(root: Element) -> Iterator[str]:
    element = root.children.get("extension")
    for slice in element.slices if element else ():
        fixed = slice.children.get("url")
        yield from (str(one.value) for one in (fixed.required if fixed else ()))


def _is_open(schema: Schema) -> bool:
    """Whether a definition leaves the parts free: it has no parts and does not forbid them."""
    element = schema.root.children.get("extension")
    return element is None


def _tell_unknown(url: str, path: Path, check: Check) -> None:
    if check.options.allow_example_urls and is_example_url(url):
        return
    if any(url.startswith(domain) for domain in check.options.extension_domains):
        return
    state = "is broken" if check.library.has_definition(url) else "is not in the loaded definitions"
    check.error("structure", path, f"an extension with a definition expected, that of {url} {state}", "extension")


def _check_modifier(schema: Schema, path: Path, key: str, check: Check) -> None:
    if schema.is_modifier and key == "extension":
        message = f"{schema.url} changes the meaning and must be a modifierExtension, extension found"
        check.error("structure", path, message, "extension-modifier")
    elif not schema.is_modifier and key == "modifierExtension":
        message = f"{schema.url} changes no meaning and must be an extension, modifierExtension found"
        check.error("structure", path, message, "extension-modifier")


def _check_context(schema: Schema, path: Path, holder: Item, check: Check) -> None:
    """Where an extension may be used. Source: FHIR R4, defining extensions, "Context"."""
    _check_invariants(schema, path, holder, check)
    names = set(_names_of(holder, check))
    if not schema.contexts or EXTENSION_CONTEXTS.get(schema.url) in names:
        return
    if not any(_is_in_context(context, names, holder, check) for context in schema.contexts):
        allowed = ", ".join(context.expression for context in schema.contexts)
        message = f"{schema.url} is for use on {allowed}; {path_text(holder.path)} ({holder.type}) found"
        check.error("structure", path, message, "extension-context")


def _is_in_context(context: Context, names: set[str], holder: Item, check: Check) -> bool:
    if context.type == "element":
        return context.expression != _ANYWHERE and context.expression.rpartition("#")[2] in names
    if context.type == "extension":
        whole = holder.value.get("url") if holder.type == "Extension" and isinstance(holder.value, dict) else None
        return context.expression == whole
    if context.type != "fhirpath":
        return True
    resource = check.scope.resource
    try:
        expression = check.library.expression(context.expression, str(resource.get("resourceType")))
        return any(found is holder.value for found in expression.evaluate(resource, environment_of(check)))
    except CareloomError as error:
        check.warning(
            "exception", holder.path, f"a context of {context.expression} cannot be found: {error}", "context"
        )
        return True


def _check_invariants(schema: Schema, path: Path, holder: Item, check: Check) -> None:
    for text in schema.context_invariants:
        try:
            is_met = holds(text, holder, environment_of(check), check)
        except CareloomError as error:
            check.warning("exception", path, f"{schema.url}: a context cannot be evaluated: {error}", "context")
            continue
        if not is_met:
            check.error("structure", path, f"{schema.url} is for use only where {text}", "extension-context")


def _names_of(holder: Item, check: Check) -> Iterator[str]:
    """All that the definition of a context may call the place: its types, and its path with choices either way."""
    type: str | None = holder.type
    while type:
        yield type
        node = check.library.types.node(type)
        type = node.base if node else None
    yield _ANYWHERE
    yield "Element"  # the reference validator takes a resource for an element here, and definitions rely on it
    yield from _paths_of(holder, check)


def _paths_of(holder: Item, check: Check) -> Iterator[str]:
    names: list[str] = []
    path: Path | None = holder.path
    while path is not None and path != check.scope.path:
        path, step = path
        if isinstance(step, str):
            names.append(step)
    steps = [str(check.scope.resource.get("resourceType", "")), *reversed(names)]
    types = [str(check.scope.resource.get("resourceType", "")), "DomainResource", "Resource"]
    for start in types:
        yield ".".join([start, *steps[1:]])
        yield ".".join([start, *steps[1:]]) + "[x]"
    yield from _inner_paths(steps, check)


def _inner_paths(steps: list[str], check: Check) -> Iterator[str]:
    """Paths that start at a data type on the way: ``HumanName.family`` for ``Patient.name.family``."""
    node = check.library.node(steps[0])
    for position, step in enumerate(steps[1:], 1):
        element = node.elements.get(step) if node else None
        is_open = element is not None and element.is_choice and position == len(steps) - 1  # the holder has its type
        for type in element.types if element and not is_open else ():
            yield ".".join([type.code, *steps[position + 1 :]])
        node = check.library.node(element.types[0].code) if element and element.types else None
