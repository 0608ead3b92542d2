"""Values of the data types, right ones and wrong ones, as tables."""

from collections.abc import Mapping
from typing import Any

from careloom.model import ExactDecimal

UCUM = "http://unitsofmeasure.org"
XHTML = "http://www.w3.org/1999/xhtml"

PRIMITIVES: Mapping[str, tuple[Any, ...]] = {
    "base64Binary": ("Q2FyZQ==", "bG9vbQ=="),
    "boolean": (True, False),
    "canonical": ("https://specimens.invalid/definition", "https://specimens.invalid/definition|1.0"),
    "code": ("specimen", "two words"),
    "date": ("2024-02-29", "2024-02", "2024"),
    "dateTime": ("2024-02-29T08:30:00Z", "2024-02-29T08:30:00.123+01:00", "2024-02-29"),
    "decimal": (ExactDecimal("1.50"), 2, ExactDecimal("0.000001")),
    "id": ("specimen-1", "A.1"),
    "instant": ("2024-02-29T08:30:00Z", "2024-12-31T23:59:59.999-05:00"),
    "integer": (1, 2, 7),
    "markdown": ("A *specimen*.", "First line\nSecond line"),
    "oid": ("urn:oid:1.2.36.146", "urn:oid:2.16.840.1.113883"),
    "positiveInt": (1, 2147483647),
    "string": ("specimen", "Über-Maß, 体温"),
    "time": ("08:30:00", "23:59:59.5"),
    "unsignedInt": (0, 1, 2147483647),
    "uri": ("https://specimens.invalid/thing", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"),
    "url": ("https://specimens.invalid/page", "mailto:someone@specimens.invalid"),
    "uuid": ("urn:uuid:c757873d-ec9a-4326-a141-556f43239520",),
    "xhtml": (f'<div xmlns="{XHTML}"><p>A specimen</p></div>',),
}
"""Type to right values."""

FAULTY: Mapping[str, tuple[Any, ...]] = {
    "base64Binary": ("a", "Q2FyZQ=", "C*re"),
    "boolean": ("true", 1, "yes"),
    "canonical": ("not a uri",),
    "code": (" leading", "trailing ", "two  spaces"),
    "date": ("2023-02-29", "2024-13", "24-01-01", "2024-1-1", "2024/01/01", "2024-01-01T00:00:00Z", "0000-01-01", 2024),
    "dateTime": (
        *("2024-01-01T10:00:00", "2024-01-01T25:00:00Z", "2024-01-01T10:00Z", "2024-01-01 10:00:00Z", "2023-02-29"),
        *("2024-04-31T10:00:00Z", "2024-01-01T10:00:00+15:00", "2024-00", "yesterday", 2024),
    ),
    "decimal": ("1.0", True),
    "id": ("with space", "x" * 65, "under_score", "Ümlaut"),
    "instant": ("2024-01-01", "2024-01-01T10:00:00", "2024-02-30T10:00:00Z", "2024-01-01T10:00Z"),
    "integer": (ExactDecimal("1.5"), "1", 2147483648, -2147483649, True),
    "markdown": (7, False),
    "oid": ("urn:oid:abc", "1.2.3", "urn:oid:1.02.3", "urn:oid:3.1"),
    "positiveInt": (0, -1, "1", ExactDecimal("1.5"), 2147483648),
    "string": (7, False),
    "time": ("25:00:00", "10:00", "10:00:00Z", "10:60:00"),
    "unsignedInt": (-1, "0", ExactDecimal("0.5"), 2147483648),
    "uri": ("not a uri", "urn:uuid:C757873D", "urn:oid:x"),
    "url": ("not a url",),
    "uuid": ("urn:uuid:C757873D-EC9A-4326-A141-556F43239520", "c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:1"),
    "xhtml": (
        "<div>no namespace</div>",
        f'<div xmlns="{XHTML}"><p>not closed</div>',
        f'<div xmlns="{XHTML}"><script>alert(1)</script>text</div>',
        f'<div xmlns="{XHTML}"><p onclick="x()">text</p></div>',
        f'<div xmlns="{XHTML}">  </div>',
        "plain text",
    ),
}
"""Type to values that are none of it. Source: FHIR R4, datatypes, "Primitive Types"."""

COMPLEX: Mapping[str, Any] = {
    "Age": {"value": 40, "unit": "years", "system": UCUM, "code": "a"},
    "Attachment": {"contentType": "text/plain", "url": "https://specimens.invalid/page"},
    "Count": {"value": 3, "system": UCUM, "code": "1"},
    "Distance": {"value": 3, "unit": "km", "system": UCUM, "code": "km"},
    "Duration": {"value": 3, "unit": "h", "system": UCUM, "code": "h"},
    "Expression": {"language": "text/fhirpath", "expression": "true"},
    "Money": {"value": ExactDecimal("12.50"), "currency": "GBP"},
    "Narrative": {"status": "generated", "div": PRIMITIVES["xhtml"][0]},
    "Period": {"start": "2024-01-01", "end": "2024-02-01"},
    "Quantity": {"value": ExactDecimal("1.5"), "unit": "mg", "system": UCUM, "code": "mg"},
    "Range": {"low": {"value": 1}, "high": {"value": 2}},
    "Ratio": {"numerator": {"value": 1}, "denominator": {"value": 2}},
    "SampledData": {"origin": {"value": 0}, "period": 10, "dimensions": 1, "data": "1 2 E"},
    "Timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
}
"""Types whose parts depend on each other: a value that is right as a whole."""

FORMAL_CODES: Mapping[str, tuple[str, str]] = {
    "urn:ietf:bcp:47": ("en-GB", "-"),
    "urn:ietf:bcp:13": ("text/plain", "plain text"),
    "urn:iso:std:iso:4217": ("GBP", "QQQ"),
    UCUM: ("mg", "no unit"),
}
"""Code systems that are a grammar or a standard: a right code and a wrong one."""
