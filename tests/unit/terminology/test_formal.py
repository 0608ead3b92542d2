"""Formal systems: grammars and short lists, in value sets like any other system."""

import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.terminology.building import VS, codes, terminology, value_set

from careloom.model.errors import NotSupportedError
from careloom.terminology.displays import is_right_display
from careloom.terminology.formal import formal_content
from careloom.terminology.formal.countries import COUNTRIES
from careloom.terminology.formal.currencies import CURRENCIES
from careloom.terminology.formal.languages import LANGUAGES, language_parts
from careloom.terminology.formal.units import UCUM, is_unit

units: Any = import_module("careloom.terminology.formal.units")  # by its name the package gives the function


def test_countries_are_249_in_three_forms() -> None:
    content = formal_content(COUNTRIES)
    assert content is not None
    by_length = [len(concept.code) for concept in content.concepts()]
    forms = [concept.code for concept in content.concepts() if concept.code.isdecimal()]
    assert (249, 498, 249) == (by_length.count(2), by_length.count(3), len(forms))


@pytest.mark.parametrize("code", ["GB", "GBR", "826"])
def test_a_country_has_one_name_in_every_form(code: str) -> None:
    content = formal_content(COUNTRIES)
    concept = content.find(code) if content else None
    assert concept is not None
    assert ("United Kingdom", ("GB",)) == (concept.display, concept.values("alpha-2"))


@pytest.mark.parametrize("code", ["UK", "gb", "EUR", "000", ""])
def test_what_is_no_country_is_refused(code: str) -> None:
    content = formal_content(COUNTRIES)
    assert content is not None
    assert content.find(code) is None


def test_a_pattern_selects_the_form_of_countries() -> None:
    numeric = {"system": COUNTRIES, "filter": [{"property": "code", "op": "regex", "value": "[0-9]{3}"}]}
    found = codes(terminology(value_set(numeric)))
    assert (249, True) == (len(found), "826" in found)


def test_a_withdrawn_currency_is_known_and_inactive() -> None:
    content = formal_content(CURRENCIES)
    assert content is not None
    kuna, pound = content.find("HRK"), content.find("GBP")
    assert kuna and pound
    assert (True, False, "Pound Sterling") == (kuna.is_inactive, pound.is_inactive, pound.display)


def test_the_parts_of_a_language_tag_are_properties() -> None:
    assert {"language": "zh", "script": "Hant", "region": "TW"} == language_parts("zh-Hant-TW")
    assert {"private-use": "x-mine", "language": "en"} == language_parts("en-x-mine")


@pytest.mark.parametrize(("code", "expected"), [("en", "in"), ("en-GB", "out"), ("not a tag", "out")])
def test_filters_ask_for_the_parts_of_a_tag(code: str, expected: str) -> None:
    plain = {"system": LANGUAGES, "filter": [{"property": "region", "op": "exists", "value": "false"}]}
    assert expected == terminology(value_set(plain)).validate_code(VS, system=LANGUAGES, code=code).result


def test_a_grammar_cannot_be_listed() -> None:
    with pytest.raises(NotSupportedError, match="grammar"):
        terminology(value_set({"system": UCUM})).expand(VS)


def test_codes_of_a_grammar_can_be_listed_by_a_value_set() -> None:
    assert ["mg"] == codes(terminology(value_set({"system": UCUM, "concept": [{"code": "mg"}]})))


@pytest.mark.parametrize("code", ["m" * 300, "(" * 150 + "m" + ")" * 150, "10*" * 60, "é", "m g"])
def test_a_hostile_unit_is_answered(code: str) -> None:
    assert is_unit(code) in (True, False)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("US", "United States of America (the)"),
        ("GBR", "United Kingdom of Great Britain and Northern Ireland (the)"),
        ("VE", "Venezuela (Bolivarian Republic of)"),
    ],
)
def test_the_short_name_as_iso_writes_it_is_right(code: str, name: str) -> None:
    concept = terminology().lookup(COUNTRIES, code)
    assert concept is not None
    assert is_right_display(name, concept, None)


def test_the_grammar_of_units_is_loaded_and_asked_by_one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once: list[int] = []
    inside: list[int] = []

    def parse(code: str) -> None:
        inside.append(1)
        at_once.append(len(inside))
        time.sleep(0.001)
        inside.pop()

    monkeypatch.setattr(units, "KNOWN_UNITS", set())
    monkeypatch.setattr(units, "_grammar", lambda: SimpleNamespace(parse=parse))
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(units.is_unit, [f"asked-at-once-{number}" for number in range(12)]))
    units.is_unit.cache_clear()
    assert set(at_once) == {1}
