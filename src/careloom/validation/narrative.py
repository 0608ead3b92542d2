"""Narrative: XHTML that is safe to show, with something in it, and with links that lead somewhere.

Source: FHIR R4, narrative, "Narrative and the restrictions on XHTML"; invariants txt-1 and txt-2.
"""

import re
from collections.abc import Iterator

from lxml import etree

from careloom.validation.context import Check, Item
from careloom.validation.path import Path

XHTML = "http://www.w3.org/1999/xhtml"

ELEMENTS = frozenset(
    [
        *("a", "abbr", "acronym", "address", "b", "bdo", "big", "blockquote", "br", "caption", "cite", "code", "col"),
        *(
            "colgroup",
            "dd",
            "del",
            "dfn",
            "div",
            "dl",
            "dt",
            "em",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "hr",
            "i",
            "img",
        ),
        *("ins", "kbd", "li", "map", "area", "ol", "p", "pre", "q", "samp", "small", "span", "strong", "sub", "sup"),
        *("table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var"),
    ]
)
"""Chapters 7 to 11 (except section 4 of chapter 9) and 15 of HTML 4.0, with links and images."""

ATTRIBUTES = frozenset(
    [
        *("abbr", "accesskey", "align", "alt", "axis", "bgcolor", "border", "cellpadding", "cellspacing", "char"),
        *("charoff", "charset", "cite", "class", "clear", "colspan", "compact", "coords", "datetime", "dir", "frame"),
        *("headers", "height", "href", "hreflang", "hspace", "id", "ismap", "lang", "longdesc", "name", "nohref"),
        *("noshade", "nowrap", "rel", "rev", "rowspan", "rules", "scope", "shape", "size", "space", "span", "src"),
        *("start", "style", "summary", "tabindex", "target", "title", "type", "usemap", "valign", "value", "vspace"),
        "width",
    ]
)
"""Attributes of those elements in HTML 4.0, without the events."""

_XML_ATTRIBUTES = "{http://www.w3.org/XML/1998/namespace}"
_SCHEMES = frozenset(["http", "https", "tel", "mailto", "ftp", "sms", "data", "cid"])
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_XML_ENTITIES = frozenset(["amp", "apos", "gt", "lt", "quot"])
_SOURCES = frozenset(["boilerplate", "generated", "original"])
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


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
    try:
        div = etree.fromstring(text.encode("utf-8", "replace"), _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        check.error("invalid", path, f"well-formed XHTML expected: {error}", "narrative")
        return None
    if div.tag != f"{{{XHTML}}}div":
        check.error("invalid", path, f"a div of the namespace {XHTML} expected, {div.tag} found", "narrative")
        return None
    return div


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)


def _check_content(div: "etree._Element", path: Path, check: Check) -> None:
    for element in div.iter():
        name = _name(element)
        if name not in ELEMENTS:
            check.error("invalid", path, f"txt-1: an element that narrative may have expected, {name} found", "txt-1")
        for attribute in map(str, element.attrib):
            if attribute not in ATTRIBUTES and not attribute.startswith(_XML_ATTRIBUTES):
                message = f"txt-1: an attribute that narrative may have expected, {attribute} found on {name}"
                check.error("invalid", path, message, "txt-1")
    has_image = any(_name(element) == "img" for element in div.iter())
    if not has_image and not "".join(map(str, div.itertext())).strip():
        check.error("invalid", path, "txt-2: some content expected, none found", "txt-2")


def _check_links(div: "etree._Element", path: Path, check: Check) -> None:
    anchors = set(_anchors(div))
    contained = check.scope.resource.get("contained")
    for resource in contained if isinstance(contained, list) else ():
        if isinstance(resource, dict):
            anchors.add(str(resource.get("id")))
    for element in div.iter(f"{{{XHTML}}}a", f"{{{XHTML}}}area", f"{{{XHTML}}}img"):
        is_image = _name(element) == "img"
        href = str(element.get("src" if is_image else "href", ""))
        scheme = _SCHEME.match(href)
        if href.startswith("#") and len(href) > 1 and href[1:] not in anchors and not is_image:
            check.error("invalid", path, f"the link '{href}' leads nowhere in this narrative", "narrative")
        elif scheme and scheme[1].lower() not in _SCHEMES:
            check.error("invalid", path, f"a link that can be followed expected, '{href}' found", "narrative")


def _anchors(div: "etree._Element") -> Iterator[str]:
    for element in div.iter():
        yield from (str(element.get(name)) for name in ("id", "name") if element.get(name))


def _name(element: "etree._Element") -> str:
    tag = str(element.tag)
    return tag.removeprefix(f"{{{XHTML}}}")


def check_narrative_controls(item: Item, language: str, source: str, check: Check) -> None:
    """Check what a profile asks of the sections of a narrative.

    Source: HL7 extensions narrative-language-control and narrative-source-control.
    """
    text = item.value.get("div") if isinstance(item.value, dict) else None
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
