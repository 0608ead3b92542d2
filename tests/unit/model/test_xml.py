from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.definitions.small_core import small_definitions

from careloom.definitions import TypeModel
from careloom.model import ExactDecimal, Resource, serialize_json
from careloom.model.errors import InvalidError, MalformedError
from careloom.model.xml import parse_xml, read_xml, serialize_xml

TYPES: TypeModel = small_definitions().types
DIV = '<div xmlns="http://www.w3.org/1999/xhtml"><p>a &lt; <b>b</b></p></div>'


def xml(inside: str, attributes: str = 'xmlns="http://hl7.org/fhir"') -> bytes:
    return f"<Thing {attributes}>{inside}</Thing>".encode()


def parsed(inside: str) -> Resource:
    return parse_xml(xml(inside), TYPES)


def issues(inside: str) -> list[tuple[str, str]]:
    return [(issue.expression, issue.diagnostics) for issue in read_xml(xml(inside), TYPES).issues]


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ('<id value="a"/>', {"id": "a"}),
        ('<active value="true"/>', {"active": True}),
        ('<valueQuantity><value value="1.50"/></valueQuantity>', {"valueQuantity": {"value": ExactDecimal("1.50")}}),
        ('<valueQuantity><count value="7"/></valueQuantity>', {"valueQuantity": {"count": 7}}),
        ('<valueString value="x"/>', {"valueString": "x"}),
        ('<name value="a"/><name value="b"/>', {"name": ["a", "b"]}),
        ('<code id="c"><text value="t"/></code>', {"code": {"id": "c", "text": "t"}}),
        (
            '<extension url="http://e"><valueString value="x"/></extension>',
            {"extension": [{"url": "http://e", "valueString": "x"}]},
        ),
        (
            '<contained><Thing><id value="in"/></Thing></contained>',
            {"contained": [{"resourceType": "Thing", "id": "in"}]},
        ),
        (f'<text><status value="generated"/>{DIV}</text>', {"text": {"status": "generated", "div": DIV}}),
        ("<!-- a comment --><id value='a'/>", {"id": "a"}),
    ],
)
def test_xml_reads_as_json_would_have_it(inside: str, expected: dict[str, Any]) -> None:
    assert parsed(inside) == {"resourceType": "Thing", **expected}


def test_the_digits_of_a_decimal_are_kept() -> None:
    resource = parsed('<valueQuantity><value value="1.50"/></valueQuantity>')
    assert serialize_json(resource) == b'{"resourceType":"Thing","valueQuantity":{"value":1.50}}'


def test_what_a_primitive_has_beside_its_value_goes_to_its_sibling() -> None:
    inside = '<active id="x" value="true"><extension url="http://e"><valueString value="y"/></extension></active>'
    assert parsed(inside) == {
        "resourceType": "Thing",
        "active": True,
        "_active": {"id": "x", "extension": [{"url": "http://e", "valueString": "y"}]},
    }


def test_a_list_and_its_siblings_are_padded_with_null() -> None:
    inside = '<name value="a"/><name id="x"/><name value="c"/>'
    assert parsed(inside) == {"resourceType": "Thing", "name": ["a", None, "c"], "_name": [None, {"id": "x"}, None]}


def test_a_value_that_is_not_of_its_type_stays_text() -> None:
    assert parsed('<active value="yes"/>')["active"] == "yes"
    assert parsed('<valueQuantity><value value="1,5"/><count value="007"/></valueQuantity>')["valueQuantity"] == {
        "value": "1,5",
        "count": "007",
    }


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ('<colour value="red"/>', ("Thing.colour", "Thing.colour: no such property in Thing")),
        ('<id value="a"/><id value="b"/>', ("Thing.id", "Thing.id: one value expected, another found")),
        (
            '<name value="a"/><active value="true"/>',
            ("Thing.active", "Thing.active: expected before name, found after it"),
        ),
        ('<code code="x"/>', ("Thing.code.code", "Thing.code.code: no such attribute here")),
        ("<code>text</code>", ("Thing.code", "Thing.code: no text between elements expected, some found")),
        ("<contained/>", ("Thing.contained[0]", "Thing.contained[0]: one resource expected, 0 found")),
        (
            '<id xmlns="http://other" value="a"/>',
            ("Thing.id", "Thing.id: the namespace http://hl7.org/fhir expected, http://other found"),
        ),
        (
            "<contained><Nothing/></contained>",
            ("Thing.contained[0]", "Thing.contained[0]: the name of a resource type expected, Nothing found"),
        ),
    ],
)
def test_what_is_odd_is_told_with_its_place(inside: str, expected: tuple[str, str]) -> None:
    assert issues(inside) == [expected]


def test_what_no_type_knows_is_kept() -> None:
    assert parsed('<colour value="red"/><size><width value="1"/></size><size/>') == {
        "resourceType": "Thing",
        "colour": "red",
        "size": [{"width": "1"}, {}],
    }


def test_the_line_of_a_value_is_known_by_its_expression() -> None:
    document = read_xml(
        xml('\n<name value="a"/>\n<name value="b"/>\n<valueQuantity>\n<unit value="g"/>\n</valueQuantity>'), TYPES
    )
    lines = {
        expression: document.line(expression)
        for expression in (
            "Thing",
            "Thing.name[1]",
            "Thing.value.unit",
            "Thing.value.ofType(Quantity).unit",
            "Thing.no",
        )
    }
    assert lines == {
        "Thing": 1,
        "Thing.name[1]": 3,
        "Thing.value.unit": 5,
        "Thing.value.ofType(Quantity).unit": 5,
        "Thing.no": 1,
    }


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not XML"),
        (b"not xml", "not XML"),
        (xml("<id value='a'>"), "not XML"),
        (xml('<id value="\x00"/>'), "not XML"),
        (xml('<id value="\xff"/>').decode().encode("latin-1"), "not UTF-8"),
        (b'<?xml version="1.0" encoding="UTF-16"?><Thing xmlns="http://hl7.org/fhir"/>', "UTF-16 is declared"),
        (b"<!DOCTYPE Thing>" + xml(""), "not allowed"),
        (b'<?xml version="1.0"?><!-- x --><!DOCTYPE T [<!ENTITY a "b">]>' + xml("<id value='&a;'/>"), "not allowed"),
        (b'\xef\xbb\xbf<!DOCTYPE T SYSTEM "file:///etc/passwd">' + xml(""), "not allowed"),
        (xml("<id value='&nbsp;'/>"), "not XML"),
        (xml("<part>" * 10_000 + "</part>" * 10_000), "not XML"),
        (xml(f"<id value='{'x' * 11_000_000}'/>"), "not XML"),
    ],
    ids=lambda value: value[:40] if isinstance(value, bytes) else value,
)
def test_what_is_not_fhir_xml_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(MalformedError, match=message):
        parse_xml(data, TYPES)


def test_a_long_prolog_is_passed_over_in_no_time() -> None:
    assert parse_xml(b"<!-- a --> " * 20_000 + xml('<id value="a"/>'), TYPES)["id"] == "a"


def test_elements_are_written_in_the_order_of_the_definition() -> None:
    written = serialize_xml({"resourceType": "Thing", "name": ["n"], "active": True, "id": "a"}, TYPES)
    assert written.partition(b"\n")[2] == xml('<id value="a"/><active value="true"/><name value="n"/>')


def test_pretty_xml_leaves_the_narrative_alone() -> None:
    resource = {"resourceType": "Thing", "text": {"status": "generated", "div": DIV}}
    written = serialize_xml(resource, TYPES, pretty=True).decode()
    assert f'  <text>\n    <status value="generated"/>\n    {DIV}\n  </text>\n' in written


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"colour": "red"}, "Thing.colour: not an element of Thing"),
        ({"name": "a"}, "Thing.name: an array expected, found str"),
        ({"code": ["a"]}, "Thing.code: an object expected, found list"),
        ({"active": {}}, "Thing.active: a primitive value expected, found dict"),
        ({"id": "\x01"}, "Thing.id: has a character that XML cannot carry"),
        ({"id": "\ud800"}, "Thing.id: has a character that XML cannot carry"),
        ({"contained": [{"id": "x"}]}, r"Thing.contained\[0\]: a known resourceType expected, found None"),
        ({"text": {"div": "<p>no div</p>"}}, "Thing.text.div: a div in the namespace"),
        ({"text": {"div": "<div>"}}, "Thing.text.div: the narrative is not XHTML"),
    ],
)
def test_what_xml_has_no_place_for_is_refused(members: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidError, match=message):
        serialize_xml({"resourceType": "Thing", **members}, TYPES)


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\n\r"), min_size=1, max_size=8)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=3).map(lambda number: ExactDecimal(str(number)))
EXTENSIONS = st.fixed_dictionaries(
    {"url": TEXT},
    optional={"valueString": TEXT, "valueDecimal": NUMBERS, "valueCoding": st.fixed_dictionaries({"code": TEXT})},
)
PARTS = st.fixed_dictionaries({"code": st.fixed_dictionaries({"text": TEXT})})
SIBLINGS = st.fixed_dictionaries({"extension": st.lists(EXTENSIONS, min_size=1, max_size=2)}, optional={"id": TEXT})


@st.composite
def things(draw: st.DrawFn) -> Resource:
    names = draw(st.lists(st.tuples(st.none() | TEXT, st.none() | SIBLINGS).filter(any), max_size=3))
    resource: Resource = {"resourceType": "Thing", "id": draw(TEXT)}
    if names:
        resource["name"] = [value for value, _ in names]
        if any(sibling for _, sibling in names):
            resource["_name"] = [sibling for _, sibling in names]
    optional = {
        "active": st.booleans(),
        "_valueString": SIBLINGS,
        "extension": st.lists(EXTENSIONS, min_size=1, max_size=2),
        "part": st.lists(
            st.fixed_dictionaries({"code": st.fixed_dictionaries({"text": TEXT})}), min_size=1, max_size=2
        ),
    }
    return resource | draw(st.fixed_dictionaries({}, optional=optional))


@settings(max_examples=100, deadline=None)
@given(things())
def test_a_resource_is_the_same_after_being_xml(resource: Resource) -> None:
    assert parse_xml(serialize_xml(resource, TYPES), TYPES) == resource


@settings(max_examples=50, deadline=None)
@given(things())
def test_pretty_xml_says_the_same(resource: Resource) -> None:
    document = read_xml(serialize_xml(resource, TYPES, pretty=True), TYPES)
    assert (document.resource, document.issues) == (resource, ())
