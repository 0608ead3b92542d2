"""XML text to an element tree, with everything in XML switched off that can do harm."""

import re

from lxml import etree

from careloom.model.errors import MalformedError

FHIR = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"

# Possessive, so that a prolog of a million comments is passed over once and not in every combination.
_DOCTYPE = re.compile(r"\ufeff?(?>\s+|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL)
_ENCODING = re.compile(r"""\ufeff?<\?xml[^>]*?encoding\s*=\s*["']([^"']*)["']""")


def parse_source(data: bytes) -> etree._Element:
    """The root element; comments and processing instructions are gone.

    Raises:
        MalformedError: Not well formed, not UTF-8, with a document type declaration, nested more than
            about 250 levels deep, or with a single value over 10 MB; with the line and column where known.
    """
    text = _decode(data)
    if _DOCTYPE.match(text):
        raise MalformedError("not FHIR XML: a document type declaration (<!DOCTYPE …>) is not allowed")
    try:
        root = etree.fromstring(data, _parser())
    except etree.XMLSyntaxError as error:
        raise MalformedError(f"not XML: {error.msg}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise MalformedError("not FHIR XML: a document type definition is not allowed")
    return root


def _decode(data: bytes) -> str:
    """The text; FHIR allows UTF-8 alone, and one encoding leaves nowhere to hide a declaration."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError(f"not FHIR XML: not UTF-8 at byte {error.start}") from error
    declared = _ENCODING.match(text)
    if declared and declared[1].lower() not in ("utf-8", "utf8", "us-ascii", "ascii"):
        raise MalformedError(f"not FHIR XML: UTF-8 expected, the encoding {declared[1]} is declared")
    return text


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
