"""Narrative: XHTML that is safe to show, with something in it, and with links that lead somewhere.

Source: FHIR R4, narrative, "Narrative and the restrictions on XHTML"; invariants txt-1 and txt-2.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from careloom.model.late import late_pattern
from careloom.validation.context import Check, Item
from careloom.validation.path import Path
from careloom.validation.resolution import resolve
from careloom.validation.xhtml import XHTML, faults, name_of

if TYPE_CHECKING:
    from lxml import etree

_ACTIVE = frozenset(["javascript", "vbscript"])
_LITERAL = frozenset(["cid", "urn"])
"""Schemes of addresses that run something, and of those that nobody can follow."""

_ENTITY = late_pattern(r"&([A-Za-z][A-Za-z0-9]*);")
_XML_ENTITIES = frozenset(["amp", "apos", "gt", "lt", "quot"])
_SOURCES = frozenset(["boilerplate", "generated", "original"])
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_SCHEME = late_pattern(r"([A-Za-z][A-Za-z0-9+.-]*):")
_UNWISE = late_pattern(r"[\x00-\x20\"<>\\^`{}]")
_SPACE = " \t\r\n"
"""White space of XML; a no-break space is content."""


def check_narrative(item: Item, check: Check) -> None:
    """Check the ``div`` of a Narrative."""
    text = item.value.get("div")
    path = (item.path, "div")
    if not isinstance(text, str):
        return
    entities = sorted({name for name in _ENTITY.findall(text) if name not in _XML_ENTITIES})
    if entities:
        found = ", ".join(f"&{name};" for name in entities)
        check.error("invalid", path, f"entities of XML alone expected, {found} found", "narrative")
        return
    div = _parse(text, path, check)
    if div is not None:
        _check_content(div, path, check)
        _check_links(div, path, check)


def _parse(text: str, path: Path, check: Check) -> "etree._Element | None":
    from lxml import etree  # noqa: PLC0415  (many resources have no narrative)

    try:
        div = etree.fromstring(text.encode("utf-8", "replace"), _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        check.error("invalid", path, f"well-formed XHTML expected: {error}", "narrative")
        return None
    if div.tag != f"{{{XHTML}}}div":
        check.error("invalid", path, f"a div of the namespace {XHTML} expected, {div.tag} found", "narrative")
        return None
    return div


def _parser() -> "etree.XMLParser":
    from lxml import etree  # noqa: PLC0415  (as above)

    return etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)


def _check_content(div: "etree._Element", path: Path, check: Check) -> None:
    for fault in faults(div):
        check.error("invalid", path, f"txt-1: {fault}", "txt-1")
    has_image = next(div.iter(f"{{{XHTML}}}img"), None) is not None
    if not has_image and not "".join(map(str, div.itertext())).strip(_SPACE):
        check.error("invalid", path, "txt-2: some content expected, none found", "txt-2")


def _check_links(div: "etree._Element", path: Path, check: Check) -> None:
    anchors = {*_anchors(div), *_contained_ids(check)}
    for element in div.iter(f"{{{XHTML}}}a", f"{{{XHTML}}}area", f"{{{XHTML}}}img"):
        is_image = name_of(element) == "img"
        address = element.get("src" if is_image else "href")
        forbidden = _ACTIVE if is_image else _ACTIVE | _LITERAL
        fault = _fault_of_link(str(address), forbidden, anchors) if address is not None else ""
        if fault and not _leads_to_resource(str(address), check):
            check.error("invalid", path, f"{fault}, '{address}' found", "narrative")


def _fault_of_link(address: str, forbidden: frozenset[str], anchors: set[str]) -> str:
    """What was expected of the address of a link or an image, when it is not that."""
    scheme = _SCHEME.match(address)
    if not address:
        return "a link that leads somewhere expected"
    if _UNWISE.search(address):
        return "a link of characters that an address may have expected"
    if scheme and (scheme[1].lower() in forbidden or (scheme[1].lower() == "data" and "," not in address)):
        return "a link that can be followed expected"
    if address[:1] == "#" and len(address) > 1 and address[1:] not in anchors:
        return "a link that leads somewhere in this narrative expected"
    return ""


def _leads_to_resource(address: str, check: Check) -> bool:
    """Whether an address that nobody can follow is that of a resource at hand, as between entries of a transaction."""
    return address.startswith("urn:") and resolve(address, check.scope, check).scope is not None


def _contained_ids(check: Check) -> Iterator[str]:
    contained = check.scope.resource.get("contained")
    for resource in contained if isinstance(contained, list) else ():
        if isinstance(resource, dict):
            yield str(resource.get("id"))


def _anchors(div: "etree._Element") -> Iterator[str]:
    for element in div.iter():
        yield from (str(element.get(name)) for name in ("id", "name") if element.get(name))


def check_narrative_controls(item: Item, language: str, source: str, check: Check) -> None:
    """Check what a profile asks of the sections of a narrative.

    Source: HL7 extensions narrative-language-control and narrative-source-control.
    """
    text = item.value.get("div") if isinstance(item.value, dict) else None
    from lxml import etree  # noqa: PLC0415  (as above)

    try:
        div = etree.fromstring(text.encode(), _parser()) if isinstance(text, str) else None
    except (etree.XMLSyntaxError, ValueError):
        return  # told by check_narrative
    if div is None:
        return
    if language:
        _check_languages(div, language, item.path, check)
    if source:
        _check_sources(div, item.path, check)


def _check_languages(div: "etree._Element", control: str, path: Path, check: Check) -> None:
    found = [str(part.get("lang") or part.get(_XML_LANG)) for part in div if part.get("lang") or part.get(_XML_LANG)]
    wanted = str(check.scope.resource.get("language", "")) if control == "_resource" else control
    if control == "_no" and found:
        message = f"no sections by language expected, {', '.join(found)} found"
    elif control == "_yes" and not found:
        message = "sections by language expected, none found"
    elif control not in ("_no", "_yes") and wanted and wanted not in found:
        message = f"a section for the language {wanted} expected, {', '.join(found) or 'none'} found"
    else:
        return
    check.error("business-rule", path, message, "narrative-language")


def _check_sources(div: "etree._Element", path: Path, check: Check) -> None:
    loose = [(div.text or "").strip()] + [(part.tail or "").strip() for part in div]
    unmarked = ["".join(map(str, part.itertext())).strip() for part in div if not _SOURCES.intersection(_classes(part))]
    for text in filter(None, [*loose, *unmarked]):
        message = f"a class that says the source ({', '.join(sorted(_SOURCES))}) expected, none found at '{text[:40]}'"
        check.error("business-rule", path, message, "narrative-source")


def _classes(part: "etree._Element") -> list[str]:
    return str(part.get("class", "")).split()
