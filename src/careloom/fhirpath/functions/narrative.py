"""What may stand in the narrative of a resource. Source: FHIR R4, Narrative, 2.4.0.1 "Limitations on the XHTML"."""

from typing import Any

_NAMESPACE = "{http://www.w3.org/1999/xhtml}"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ELEMENTS = _names("""
    a abbr acronym address b bdo big blockquote br caption cite code col colgroup dd del dfn div dl dt em
    h1 h2 h3 h4 h5 h6 hr i img ins kbd li map area ol p pre q samp small span strong sub sup
    table tbody td tfoot th thead tr tt ul u var
""")
_ATTRIBUTES = _names("""
    abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char charoff charset
    cite class colspan compact coords dir frame headers height href hreflang hspace id lang longdesc name nowrap rel
    rev rowspan rules scope shape span src start style summary tabindex title type valign value vspace width
    {http://www.w3.org/XML/1998/namespace}lang {http://www.w3.org/XML/1998/namespace}space
""")


def is_acceptable(xhtml: str) -> bool:
    """Whether a text is one XHTML ``div`` of the elements and attributes that FHIR allows, with something to read."""
    root = _parsed(xhtml)
    if root is None or root.tag != f"{_NAMESPACE}div":
        return False
    elements = [element for element in root.iter() if isinstance(element.tag, str)]
    return all(_is_allowed(element) for element in elements) and _is_readable(root, elements)


def _parsed(xhtml: str) -> Any:
    from lxml import etree  # noqa: PLC0415 - only narrative needs it, and it is slow to load

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(xhtml.encode("utf-8", "surrogatepass"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _is_allowed(element: Any) -> bool:
    return (
        element.tag.startswith(_NAMESPACE)
        and element.tag.removeprefix(_NAMESPACE) in _ELEMENTS
        and all(name in _ATTRIBUTES for name in element.attrib)
    )


def _is_readable(root: Any, elements: list[Any]) -> bool:
    return bool("".join(root.itertext()).strip()) or any(element.tag == f"{_NAMESPACE}img" for element in elements)
