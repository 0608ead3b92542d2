from urllib.parse import parse_qsl

import pytest

from careloom.search import SearchParameters, parse_query, query_parameters, query_string


@pytest.mark.parametrize(
    "text",
    [
        "name=peter&name:exact=Eve&name:contains=%C3%A9",
        "identifier=http://s|1,|2,http://t|",
        "birthdate=ge2020-01&birthdate=lt2021",
        "gender:missing=true&gender:not=male,female",
        "general-practitioner:Practitioner=1&organization:identifier=a|b",
        "_sort=-birthdate,name&_count=5&_include=Patient:organization&_total=none&_elements=name",
        "_revinclude=Observation:subject:Patient&_summary=count&_page=x",
        "",
    ],
)
def test_a_query_is_printed_as_it_was_written(registry: SearchParameters, text: str) -> None:
    assert text == query_string(parse_query("Patient", parse_qsl(text), registry))


def test_what_has_a_meaning_in_a_url_or_in_a_value_is_escaped(registry: SearchParameters) -> None:
    parameters = [("name", r"a\,b\|c\$d\\e & f=g#h%i+j")]
    query = parse_query("Patient", parameters, registry)
    assert parameters == query_parameters(query)
    assert parameters == parse_qsl(query_string(query))
    assert not set(" &#+") & set(query_string(query))


def test_the_prefix_of_equality_is_left_out_and_units_are_kept(registry: SearchParameters) -> None:
    query = parse_query("Observation", [("value-quantity", "eq5.40|http://u|mg,gt5||mg,1")], registry)
    assert [("value-quantity", "5.40|http://u|mg,gt5||mg,1")] == query_parameters(query)


def test_what_was_not_understood_is_not_printed(registry: SearchParameters) -> None:
    assert query_string(parse_query("Patient", [("foo", "1"), ("gender", "male")], registry)) == "gender=male"
