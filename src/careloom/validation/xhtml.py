"""What the XHTML of a narrative may be made of: elements, their attributes, and what may stand in what.

Chapters 7 to 11 (except section 4 of chapter 9) and 15 of HTML 4.0, with links and images, as the schema of the
specification (fhir-xhtml.xsd) has them: without what HTML 4.0 deprecates, such as ``font``, ``u`` and ``bgcolor``.

Source: FHIR R4, narrative, invariant txt-1; HTML 4.0, the content models of its elements.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml import etree

XHTML = "http://www.w3.org/1999/xhtml"
_XML = "{http://www.w3.org/XML/1998/namespace}"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ELEMENTS = _words(
    "a abbr acronym address area b bdo big blockquote br caption cite code col colgroup dd dfn div dl dt em "
    "h1 h2 h3 h4 h5 h6 hr i img kbd li map ol p pre q samp small span strong sub sup "
    "table tbody td tfoot th thead tr tt ul var"
)

_ANYWHERE = _words(
    "abbr accesskey align axis char charoff class colspan dir headers id lang rowspan scope span style tabindex title "
    "valign width"
)

_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "a": _words("charset coords href hreflang name rel rev shape type"),
    "area": _words("alt coords href nohref shape"),
    "img": _words("alt border height ismap longdesc src usemap"),
    "q": frozenset(["cite"]),
    "blockquote": frozenset(["cite"]),
    "map": frozenset(["name"]),
    "table": _words("border cellpadding cellspacing frame rules summary"),
    "td": frozenset(["nowrap"]),
}
"""Element to the attributes that it has besides those that any may have."""

_ROWS = frozenset(["tbody", "tfoot", "thead"])
_CHILDREN: Mapping[str, frozenset[str]] = {
    "dl": frozenset(["dd", "dt"]),
    "map": frozenset(["area"]),
    "ol": frozenset(["li"]),
    "table": _ROWS | {"caption", "col", "colgroup", "tr"},
    "tr": frozenset(["td", "th"]),
    "ul": frozenset(["li"]),
    **dict.fromkeys(_ROWS, frozenset(["tr"])),
}
"""Element to all that may stand in it; text may not."""

_PARENTS: Mapping[str, frozenset[str]] = {
    "col": frozenset(["colgroup", "table"]),
    "dd": frozenset(["dl"]),
    "dt": frozenset(["dl"]),
    "li": frozenset(["ol", "ul"]),
    "td": frozenset(["tr"]),
    "th": frozenset(["tr"]),
    "tr": _ROWS | {"table"},
    **dict.fromkeys([*_ROWS, "caption", "colgroup"], frozenset(["table"])),
}
"""Element to all that it may stand in."""

_BLOCKS = frozenset(["div", "ol", "pre", "table", "ul"])
_INLINE = _words(
    "a abbr acronym b bdo big cite code dfn em h1 h2 h3 h4 h5 h6 i kbd p pre q samp small span strong sub sup tt var"
)
_NOT_IN: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(_INLINE, _BLOCKS),
    "a": _BLOCKS | {"a"},
    "p": _BLOCKS | {"blockquote", "p"},
}
"""Element to what may not stand directly in it: lines of text hold no blocks, a link no link."""


def takes_attribute(name: str, attribute: str) -> bool:
    """Whether an element may have an attribute."""
    return attribute in _ANYWHERE or attribute in _ATTRIBUTES.get(name, ())


def takes_element(name: str, child: str) -> bool:
    """Whether an element may stand directly in another."""
    allowed, parents = _CHILDREN.get(name), _PARENTS.get(child)
    is_at_home = (allowed is None or child in allowed) and (parents is None or name in parents)
    return is_at_home and child not in _NOT_IN.get(name, ())


def takes_text(name: str) -> bool:
    """Whether more than white space may stand directly in an element."""
    return name not in _CHILDREN


def faults(div: "etree._Element") -> Iterator[str]:
    """What is wrong with each element below a ``div``, itself included, in document order."""
    for element in div.iter():
        name = name_of(element)
        if name not in ELEMENTS:
            yield f"an element that narrative may have expected, {name} found"
            continue
        for attribute in map(str, element.attrib):
            if not attribute.startswith(_XML) and not takes_attribute(name, attribute):
                yield f"an attribute that narrative may have expected, {attribute} found on {name}"
        yield from _faults_of_place(element, name)


def _faults_of_place(element: "etree._Element", name: str) -> Iterator[str]:
    allowed = _CHILDREN.get(name)
    inner = [name_of(child) for child in element]
    if allowed is not None and (strange := [child for child in inner if child not in allowed]):
        yield f"{', '.join(sorted(allowed))} expected in {name}, {strange[0]} found"
    elif allowed is not None and _has_text(element):
        yield f"{', '.join(sorted(allowed))} expected in {name}, text found"
    for child in inner:
        if child in _PARENTS and name not in _PARENTS[child] and (allowed is None or child in allowed):
            yield f"{child} expected in {' or '.join(sorted(_PARENTS[child]))} only, found in {name}"
        elif child in _NOT_IN.get(name, ()):
            yield f"{name} without {child} in it expected, one found"


def _has_text(element: "etree._Element") -> bool:
    return any((text or "").strip() for text in (element.text, *(child.tail for child in element)))


def name_of(element: "etree._Element") -> str:
    """The name of an element without the namespace of XHTML."""
    return str(element.tag).removeprefix(f"{{{XHTML}}}")
