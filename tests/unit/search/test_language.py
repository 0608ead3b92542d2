"""Parameters of each form against one resource at a time: composites, positions, units, words, codes, hierarchies."""

from typing import Any

import pytest
from tests.properties.search_cases import CODES
from tests.unit.search.population import resource

from careloom.definitions import Definitions
from careloom.model import ExactDecimal
from careloom.model.errors import InvalidError, TooCostlyError
from careloom.search import Limits, SearchParameters, index_values, match, parse_query, query_parameters
from careloom.search.kinds.uri import parents
from careloom.search.modifiers import MODIFIERS, OF_KIND, modifiers_of
from careloom.search.positions import distance
from careloom.search.values import CompositeValue, QuantityValue, StringValue, TokenValue

UCUM = "http://unitsofmeasure.org"
ONE = "http://one.example"


@pytest.fixture(scope="module")
def coded(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url="https://hub.example/fhir", codes=CODES)


def quantity(value: str, code: str = "mg") -> dict[str, Any]:
    return {"value": ExactDecimal(value), "system": UCUM, "code": code, "unit": code}


def concept(code: str, system: str = ONE, **more: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, **more}]}


def found(registry: SearchParameters, subject: dict[str, Any], asked: str) -> bool:
    name, _, value = asked.partition("=")
    query = parse_query(subject["resourceType"], [(name, value)], registry, strict=True)
    assert parse_query(query.type, query_parameters(query), registry, strict=True) == query
    return match(query, subject, registry)


PRESSURE = resource(
    "Observation/1",
    code=concept("bp"),
    component=[
        {"code": concept("sys"), "valueQuantity": quantity("140", "mm[Hg]")},
        {"code": concept("dia"), "valueQuantity": quantity("90", "mm[Hg]")},
    ],
)
GLUCOSE = resource("Observation/2", code=concept("glu", display="Glucose in blood"), valueQuantity=quantity("5.4"))
ECG = resource(
    "Observation/3",
    valueSampledData={"origin": quantity("10"), "factor": 2, "lowerLimit": -5, "data": "1 -2 E L 3.5"},
)
PERSON = resource(
    "Patient/1",
    identifier=[
        {"type": concept("NH", "http://types.example"), "system": ONE, "value": "7|8"},
        {"type": {"text": "Hospital number"}, "value": "9"},
    ],
    text={"div": "<div><p>Fractured <b>left&nbsp;femur</b></p>, O'Neill&apos;s ward</div>"},
    name=[{"family": "Zoë"}],
    meta={"profile": ["https://p.example/a/b|1.0"], "source": "https://lab.example/x#5"},
    photo=[{"data": "c2VjcmV0", "title": "Left profile"}],
)
LONDON = resource("Location/1", position={"latitude": ExactDecimal("51.5007"), "longitude": ExactDecimal("-0.1246")})


@pytest.mark.parametrize(
    ("subject", "asked", "expected"),
    [
        # composites: what stands together
        (PRESSURE, f"component-code-value-quantity={ONE}|sys$gt130", True),
        (PRESSURE, f"component-code-value-quantity={ONE}|dia$gt130", False),
        (PRESSURE, f"component-code-value-quantity=dia$gt130,dia$lt100|{UCUM}|mm[Hg]", True),
        (PRESSURE, "combo-code-value-quantity=dia$90", True),
        (PRESSURE, "combo-code-value-quantity=bp$90", False),
        (PRESSURE, "code-value-quantity:missing=true", True),
        (GLUCOSE, "code-value-quantity=glu$5.4", True),
        (GLUCOSE, "combo-code-value-quantity=glu$ge5", True),
        (GLUCOSE, "code-value-quantity:missing=false", True),
        # units
        (GLUCOSE, f"value-quantity=0.0054|{UCUM}|g", True),
        (GLUCOSE, f"value-quantity=5400|{UCUM}|ug", True),
        (GLUCOSE, f"value-quantity=5.5|{UCUM}|mg", False),
        (GLUCOSE, f"value-quantity=gt1|{UCUM}|kg", False),
        (GLUCOSE, f"value-quantity=lt1|{UCUM}|kg", True),
        (GLUCOSE, f"value-quantity=5.4|{UCUM}|mL", False),
        (GLUCOSE, "value-quantity=5.4||mg", True),
        (GLUCOSE, "value-quantity=0.0054||g", False),
        (GLUCOSE, f"value-quantity=5.4|{UCUM}|", True),
        (resource("Observation/4", valueQuantity=quantity("37", "Cel")), f"value-quantity=98.6|{UCUM}|[degF]", True),
        (resource("Observation/5", valueQuantity=quantity("5", "[iU]/L")), f"value-quantity=5|{UCUM}|k[iU]/mL", False),
        (resource("Observation/5", valueQuantity=quantity("5", "k[iU]/L")), f"value-quantity=5|{UCUM}|[iU]/mL", True),
        (resource("Observation/6", valueQuantity=quantity("5", "[iU]/L")), f"value-quantity=5|{UCUM}|/L", False),
        (ECG, f"value-quantity=gt15|{UCUM}|mg", True),
        (ECG, f"value-quantity=lt0|{UCUM}|mg", False),
        (ECG, f"value-quantity=ge17|{UCUM}|mg", True),
        # positions
        (LONDON, "near=51.5|-0.12", True),
        (LONDON, "near=51.5|-0.12|1|km", True),
        (LONDON, "near=51.5|-0.12|100|m", False),
        (LONDON, "near=53.8|-1.55|200|[mi_us]", True),
        (LONDON, "near=53.8|-1.55|200", False),
        (LONDON, "near=53.8|-1.55|1,51.5|-0.12|1", True),
        (resource("Location/2", position={"latitude": 0, "longitude": 179}), "near=0|-179|300", True),
        (resource("Location/2", position={"latitude": 91, "longitude": 179}), "near=90|0|30000", False),
        # words
        (PERSON, "_text=femur", True),
        (PERSON, "_text=FEM", False),
        (PERSON, "_text=fem*", True),
        (PERSON, '_text="left femur"', True),
        (PERSON, '_text="femur left"', False),
        (PERSON, "_text=left AND right", False),
        (PERSON, "_text=(left OR right) and fractured", True),
        (PERSON, "_text=femur not healed", True),
        (PERSON, "_text=NOT femur", False),
        (PERSON, "_text=tibia,femur", True),
        (PERSON, "_text=oneills", True),
        (PERSON, "_text=zoe", False),
        (PERSON, "_content=zoe", True),
        (PERSON, "_content=femur profile", True),
        (PERSON, "_content=secret", False),
        (PERSON, "_content=c2vjcmv0", False),
        (PERSON, "_content=example", False),
        (PERSON, "_text:missing=false", True),
        (GLUCOSE, "_text:missing=true", True),
        # other sides of an element
        (PERSON, "identifier:of-type=http://types.example|NH|7\\|8", True),
        (PERSON, "identifier:of-type=http://types.example|NH|9", False),
        (PERSON, "identifier:of-type=http://types.example|MR|7\\|8", False),
        (PERSON, "identifier:text=hospital", True),
        (PERSON, "identifier:text=number", True),
        (PERSON, "identifier:text=umber", False),
        (GLUCOSE, "code:text=glucose IN", True),
        (GLUCOSE, "code:text=blood", True),
        # codes that the terminology spreads out
        (resource("Observation/7", code=concept("a")), "code:in=http://sets.example/some", True),
        (resource("Observation/7", code=concept("a")), "code:in=http://sets.example/one", False),
        (resource("Observation/7", code=concept("a")), "code:in=http://sets.example/none", False),
        (resource("Observation/7", code=concept("a")), "code:not-in=http://sets.example/one", True),
        (resource("Observation/7"), "code:not-in=http://sets.example/some", True),
        (resource("Observation/7", code=concept("A")), f"code:below={ONE}|b", True),
        (resource("Observation/7", code=concept("b")), f"code:below={ONE}|a", False),
        (resource("Observation/7", code=concept("b")), f"code:above={ONE}|A", True),
        (resource("Observation/7", code=concept("x")), f"code:above={ONE}|A,{ONE}|x", True),
        (resource("Patient/2", gender="male"), "gender:below=male", True),
        # hierarchies of URLs
        (PERSON, "_profile=https://p.example/a/b", True),
        (PERSON, "_profile=https://p.example/a/b\\|1.0", True),
        (PERSON, "_profile:below=https://p.example/a", True),
        (PERSON, "_profile:below=https://p.example/a/b", True),
        (PERSON, "_profile:below=https://p.example/a/b/c", False),
        (PERSON, "_profile:below=https://p.example/", True),
        (PERSON, "_profile:above=https://p.example/a/b/c", True),
        (PERSON, "_profile:above=https://p.example/a", False),
        (PERSON, "_source:below=https://lab.example", True),
    ],
)
def test_what_is_asked_is_found(coded: SearchParameters, subject: dict[str, Any], asked: str, expected: bool) -> None:
    assert found(coded, subject, asked) is expected


@pytest.mark.parametrize(
    ("type", "asked", "message"),
    [
        ("Observation", "code-value-quantity=a", "code$value-quantity expected, found 'a'"),
        ("Observation", "code-value-quantity=a$", "code$value-quantity expected"),
        ("Observation", "code-value-quantity=a$b", "a number such as 100"),
        ("Observation", "code-value-quantity:not=a$1", "modifiers of a composite parameter are missing, found 'not'"),
        ("Location", "near=51.5", "latitude|longitude|distance|units expected"),
        ("Location", "near=91|0", "a latitude in degrees from -90 to 90 expected, found '91'"),
        ("Location", "near=0|x", "a longitude in degrees from -180 to 180 expected"),
        ("Location", "near=0|0|-1", "a distance such as 5.5 expected"),
        ("Location", "near=0|0|1|kg", "a unit of length of UCUM such as km or [mi_us] expected, found 'kg'"),
        ("Patient", "_text=(a", "a closing bracket expected at the end of '(a'"),
        ("Patient", "_text=a)", "an opening bracket before ')' expected"),
        ("Patient", '_text="a', "a closing quote expected"),
        ("Patient", "_text=a and", "a word or a phrase in quotes expected, found the end"),
        ("Patient", "_text=or a", "a word or a phrase in quotes expected, found 'or'"),
        ("Patient", "_text=!!", "a word or a phrase in quotes expected, found '!!'"),
        ("Patient", "identifier:of-type=a|b", "system|code|value, the first two of the identifier's type, expected"),
        ("Patient", "identifier:in=http://sets.example/gone", "the URL of a value set that is known here expected"),
        ("Observation", "code:below=a", "system|code expected, since code may be of any system, found 'a'"),
        ("Observation", "code:below=|", "system|code expected"),
        ("Patient", "_profile:below=urn:oid:1.2", "a URL such as https://example.org/a, which has others below it"),
    ],
)
def test_what_cannot_be_read_is_refused(coded: SearchParameters, type: str, asked: str, message: str) -> None:
    name, _, value = asked.partition("=")
    with pytest.raises(InvalidError) as raised:
        parse_query(type, [(name, value)], coded)
    assert f"{name}: {message}" in str(raised.value)


@pytest.mark.parametrize("text", [" or ".join(["a"] * 200), "(" * 60 + "a" + ")" * 60, "not " * 60 + "a"])
def test_words_without_measure_are_refused(coded: SearchParameters, text: str) -> None:
    with pytest.raises(TooCostlyError, match="_text: at most"):
        parse_query("Patient", [("_text", text)], coded)


def test_a_value_set_of_too_many_codes_is_refused(definitions: Definitions) -> None:
    narrow = SearchParameters(definitions, codes=CODES, limits=Limits(codes=2))
    with pytest.raises(TooCostlyError, match="code:in: at most 2 codes that a value set or hierarchy stands for"):
        parse_query("Observation", [("code:in", "http://sets.example/some")], narrow)


def test_a_composite_value_has_what_stands_in_one_element(coded: SearchParameters) -> None:
    values = index_values(PRESSURE, coded).composites["component-code-value-quantity"]
    parts = [
        (tokens, [each.low for each in numbers if isinstance(each, QuantityValue)])
        for tokens, numbers in (value.parts for value in values)
    ]
    assert parts == [((TokenValue(ONE, "sys"),), [140.0]), ((TokenValue(ONE, "dia"),), [90.0])]


def test_a_composite_of_parts_elsewhere_in_the_resource(coded: SearchParameters) -> None:
    sequence = resource(
        "MolecularSequence/1",
        referenceSeq={"chromosome": concept("1", "http://chromosomes.example")},
        variant=[{"start": 22, "end": 30}],
    )
    assert found(coded, sequence, "chromosome-variant-coordinate=1$22$30")
    assert not found(coded, sequence, "chromosome-variant-coordinate=1$23$30")


def test_a_composite_without_one_of_its_parts_has_no_value(coded: SearchParameters) -> None:
    values = index_values(resource("Observation/1", code=concept("a"), valueString="x"), coded)
    assert "code-value-quantity" not in values.composites
    assert values.composites["code-value-string"] == (
        CompositeValue(((TokenValue(ONE, "a"),), (StringValue("x", "x"),))),
    )


def test_distances_are_those_of_a_sphere() -> None:
    assert distance(0, 0, 0, 180) == pytest.approx(20_015_114, rel=1e-6)
    assert distance(51.5, -0.12, 51.5, -0.12) == 0
    assert distance(52.2296756, 21.0122287, 52.406374, 16.9251681) == pytest.approx(278_546, rel=1e-3)


def test_the_parents_of_a_url_end_at_its_host() -> None:
    assert parents("https://a.example/b/c/") == ["https://a.example/b/c", "https://a.example/b", "https://a.example"]


# the table of modifiers


def test_every_modifier_of_r4_is_in_the_table(definitions: Definitions) -> None:
    code_system = definitions.require(
        "http://hl7.org/fhir/search-modifier-code", "CodeSystem", asked_by="the table of modifiers"
    )
    codes = {concept["code"]: concept for concept in code_system["concept"]}
    assert {modifier.name for modifier in MODIFIERS} == _renamed(codes)


def _renamed(codes: dict[str, Any]) -> set[str]:
    return {"of-type" if code == "ofType" else code for code in codes}


def test_words_take_no_modifier_but_missing(coded: SearchParameters) -> None:
    assert [each.name for each in modifiers_of(coded.of("Patient")["_content"])] == ["missing"]
    assert [each.name for each in OF_KIND["string"]] == ["missing", "exact", "contains"]
