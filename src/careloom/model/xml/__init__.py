"""FHIR XML to and from the plain dictionaries of FHIR JSON, losing nothing.

What XML does not say by itself (what repeats, what is a number, what a choice stands for) is asked of the
types, through the protocol `TypeShapes`, which `careloom.definitions.TypeModel` fills.

Source: https://hl7.org/fhir/R4/xml.html and https://hl7.org/fhir/R4/json.html.
"""

from careloom.model.xml.reader import XmlDocument, parse_xml, read_xml
from careloom.model.xml.shapes import ElementShape, TypeShape, TypeShapes
from careloom.model.xml.writer import serialize_xml

__all__ = ["ElementShape", "TypeShape", "TypeShapes", "XmlDocument", "parse_xml", "read_xml", "serialize_xml"]
