"""Code systems: what their kind of content allows, supplements, the implied value set.

Source: FHIR R4, CodeSystem, "CodeSystem Content", "Supplements" and the comments on its elements.
"""

from collections.abc import Iterator

from careloom.validation.context import Check, Scope
from careloom.validation.path import Path
from careloom.validation.rules.concept_properties import check_properties
from careloom.validation.rules.parts import Part, part, parts, text


def check_code_system(scope: Scope, check: Check) -> None:
    """Check a CodeSystem as a whole, then its properties."""
    if text(scope.resource, "supplements") or scope.resource.get("content") == "supplement":
        _check_supplement(scope, check)
    _check_content(scope, check)
    _check_value_set(scope, check)
    check_properties(scope, check)


def concepts(holder: Part, path: Path) -> Iterator[tuple[Part, Path]]:
    """Every concept below a code system or a concept, in document order, with its place."""
    for concept, here in parts(holder, "concept", path):
        yield concept, here
        yield from concepts(concept, here)


def _check_supplement(scope: Scope, check: Check) -> None:
    """A supplement says so, names what it adds to, and leaves alone what that decides."""
    resource = scope.resource
    supplements = text(resource, "supplements")
    if not supplements:
        message = "supplements expected, which names the code system that the supplement adds to, none found"
        check.error("business-rule", (scope.path, "content"), message, "supplement")
        return
    if resource.get("content") != "supplement":
        message = f"'supplement' expected, since this supplements {supplements}, '{resource.get('content')}' found"
        check.error("business-rule", (scope.path, "content"), message, "supplement")
    for name in ("caseSensitive", "hierarchyMeaning"):
        if name in resource:
            message = f"nothing expected in a supplement, {supplements} decides this"
            check.error("business-rule", (scope.path, name), message, "supplement")
    _check_supplemented(scope, supplements, check)


def _check_supplemented(scope: Scope, supplements: str, check: Check) -> None:
    """A supplement has no codes of its own."""
    url = supplements.partition("|")[0]
    for concept, path in concepts(scope.resource, scope.path):
        code = text(concept, "code")
        if code and check.run.terminology.has_code(url, code) is False:
            check.error(
                "business-rule", path, f"a code of {url} expected in its supplement, '{code}' found", "supplement"
            )


def _check_content(scope: Scope, check: Check) -> None:
    content, stated = scope.resource.get("content"), scope.resource.get("count")
    found = list(concepts(scope.resource, scope.path))
    if content == "not-present" and found:
        message = "no concepts expected where content is 'not-present', some found"
        check.error("invalid", found[0][1], message, "content")
    if isinstance(stated, int) and content == "complete" and stated != len(found):
        message = f"{len(found)} expected, the number of concepts of this complete code system, {stated} found"
        check.error("invalid", (scope.path, "count"), message, "content")
    if isinstance(stated, int) and content in ("example", "fragment") and stated <= len(found):
        message = f"more than the {len(found)} concepts of this {content} expected, {stated} found"
        check.warning("invalid", (scope.path, "count"), message, "content")


def _check_value_set(scope: Scope, check: Check) -> None:
    """The value set that a code system names as its own is all of it and nothing else."""
    canonical = text(scope.resource, "valueSet")
    found = check.library.definitions.find(canonical, "ValueSet") if canonical else None
    if found is None:
        return
    includes = [include for include, _ in parts(part(found, "compose"), "include", scope.path)]
    url = scope.resource.get("url")
    is_whole = len(includes) == 1 and not any(key in includes[0] for key in ("concept", "filter", "valueSet"))
    if not is_whole or includes[0].get("system") != url:
        message = f"a value set of all codes of {url} expected, {canonical} is not"
        check.error("business-rule", (scope.path, "valueSet"), message, "value-set")
