"""Documents: what a Composition points at is in the Bundle, and what is in the Bundle is pointed at.

Source: FHIR R4, documents, "Content" and "The Composition".
"""

from collections.abc import Iterator
from typing import Any

from careloom.model.references import references_in
from careloom.validation.context import Check, Scope
from careloom.validation.path import Path


def check_document(scope: Scope, check: Check) -> None:
    """Check a Bundle of type document."""
    entries = scope.index.entries
    if scope.resource.get("type") != "document" or not entries:
        return
    first = entries[0]
    if first.resource.get("resourceType") != "Composition":
        found = first.resource.get("resourceType")
        check.error(
            "invalid", first.path, f"a Composition expected as first entry of a document, {found} found", "document"
        )
        return
    for reference, path in _references_of(first):
        _check_present(reference, path, first, scope, check)
    _check_reachable(scope, first, check)


def _references_of(composition: Scope) -> Iterator[tuple[str, Path]]:
    """The references of a Composition that the document must carry, with their places."""
    resource, path = composition.resource, composition.path
    for name in ("subject", "encounter", "custodian"):
        yield from _reference(resource.get(name), (path, name))
    for index, author in enumerate(_list(resource.get("author"))):
        yield from _reference(author, ((path, "author"), index))
    for index, attester in enumerate(_list(resource.get("attester"))):
        if isinstance(attester, dict):
            yield from _reference(attester.get("party"), (((path, "attester"), index), "party"))
    for index, event in enumerate(_list(resource.get("event"))):
        if isinstance(event, dict):
            yield from _references(event.get("detail"), ((((path, "event"), index), "detail")))
    yield from _references_of_sections(resource.get("section"), (path, "section"))


def _references_of_sections(sections: Any, path: Path) -> Iterator[tuple[str, Path]]:
    for index, section in enumerate(_list(sections)):
        if isinstance(section, dict):
            here = (path, index)
            yield from _references(section.get("author"), (here, "author"))
            yield from _reference(section.get("focus"), (here, "focus"))
            yield from _references(section.get("entry"), (here, "entry"))
            yield from _references_of_sections(section.get("section"), (here, "section"))


def _references(values: Any, path: Path) -> Iterator[tuple[str, Path]]:
    for index, value in enumerate(_list(values)):
        yield from _reference(value, (path, index))


def _reference(value: Any, path: Path) -> Iterator[tuple[str, Path]]:
    text = value.get("reference") if isinstance(value, dict) else None
    if isinstance(text, str) and text and not text.startswith("#"):
        yield text, path


def _check_present(reference: str, path: Path, composition: Scope, bundle: Scope, check: Check) -> None:
    found = bundle.index.find(reference, composition)
    if not found:
        check.error("not-found", path, f"'{reference}' expected in the document, not found", "document")
    elif len(found) > 1:
        check.error(
            "invalid", path, f"'{reference}' expected once in the document, found {len(found)} times", "document"
        )


def _check_reachable(bundle: Scope, composition: Scope, check: Check) -> None:
    """Every entry is linked with the Composition, in either direction; Provenance and Binary are let be."""
    links: dict[int, set[int]] = {id(entry): set() for entry in bundle.index.entries}
    by_id = {id(entry): entry for entry in bundle.index.entries}
    for entry in bundle.index.entries:
        for node in references_in(entry.resource):
            for target in bundle.index.find(node["reference"], entry):
                links[id(entry)].add(id(target))
                links[id(target)].add(id(entry))
    reached = _reached(id(composition), links) | _linked(bundle)
    for key, entry in by_id.items():
        if key not in reached:
            name = entry.full_url or entry.resource.get("resourceType")
            message = f"a link with the Composition expected, {name} has none in either direction"
            check.error("informational", entry.path[0], message, "document")


def _linked(bundle: Scope) -> set[int]:
    """What the Bundle itself links to, such as a stylesheet."""
    urls = {str(link.get("url")) for link in _list(bundle.resource.get("link")) if isinstance(link, dict)}
    return {id(entry) for entry in bundle.index.entries if entry.full_url in urls}


def _reached(start: int, links: dict[int, set[int]]) -> set[int]:
    reached = {start}
    pending = [start]
    while pending:
        new = links[pending.pop()] - reached
        reached |= new
        pending.extend(new)
    return reached


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
