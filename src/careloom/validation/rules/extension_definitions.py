"""Definitions of extensions, and what only they may have.

Source: FHIR R4, "Defining Extensions"; StructureDefinition.context.
"""

from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.parts import Part, part, parts, text, texts

_CORE = "http://hl7.org/fhir/StructureDefinition/"
_EXTENSION = "http://hl7.org/fhir/StructureDefinition/Extension"


def check_extension_definition(scope: Scope, check: Check) -> None:
    """Check the address and the contexts of an extension; that nothing else has contexts."""
    _check_contexts(scope, check)
    if text(scope.resource, "baseDefinition").partition("|")[0] == _EXTENSION:
        _check_url(scope, check)


def _check_contexts(scope: Scope, check: Check) -> None:
    type = text(scope.resource, "type")
    for context, path in parts(scope.resource, "context", scope.path):
        if type != "Extension":
            check.error(
                "invalid", path, f"a context expected of an extension only, found of {type}", "extension-context"
            )
        elif context.get("type") == "element":
            _check_context(text(context, "expression"), path, check)
    for _, path in texts(scope.resource, "contextInvariant", scope.path):
        if type != "Extension":
            message = f"a context invariant expected of an extension only, found of {type}"
            check.error("invalid", path, message, "extension-context")


def _check_context(expression: str, path: Path, check: Check) -> None:
    if expression == "Element":
        message = "a context narrower than Element expected, unless the extension is meant for anything at all"
        check.warning("business-rule", path, message, "extension-context")
    elif not _is_element(expression.rpartition("#")[2], check):
        check.error("invalid", path, f"the path of an element expected, '{expression}' found", "extension-context")


def _is_element(expression: str, check: Check) -> bool:
    """Whether a path leads somewhere, from a type that is known here."""
    if ":" in expression:  # a logical model is known by its address, a type of the specification by its name
        return "/" in expression and not expression.startswith(_CORE)
    start, *steps = expression.split(".")
    nodes = [node] if (node := check.library.node(start)) else []
    if not nodes:
        return not steps and check.library.types.node(expression) is not None
    for step in steps:
        elements = [element for node in nodes if (element := node.elements.get(step.removesuffix("[x]")))]
        if not elements:
            return False
        codes = {type.code for element in elements for type in element.types}
        nodes = [node for code in codes if (node := check.library.node(code))]
    return True


def _check_url(scope: Scope, check: Check) -> None:
    """An extension is known by its address, so that its definition fixes the one that it has."""
    url = text(scope.resource, "url")
    fixed = _fixed_url(scope.resource, scope.path)
    if url and fixed != url:
        found = f"'{fixed}'" if fixed else "none"
        check.error(
            "invalid", scope.path, f"Extension.url: the fixed value '{url}' expected, {found} found", "extension-url"
        )


def _fixed_url(resource: Part, path: Path) -> str:
    for name in ("differential", "snapshot"):
        for element, _ in parts(part(resource, name), "element", path):
            if element.get("path") == "Extension.url" and "fixedUri" in element:
                return text(element, "fixedUri")
    return ""
