"""What a message says of patient and stay, by the tables."""

from pathlib import Path
from typing import Any

import pytest

from careloom.connectors.hl7v2 import Tables, load_tables, parse
from careloom.connectors.hl7v2.datatypes import DATATYPES
from careloom.connectors.hl7v2.mapping import mapped
from careloom.connectors.hl7v2.message import Value
from careloom.model.errors import InvalidError, MalformedError, NotFoundError, UnavailableError

TABLES = load_tables()


def _patient(*fields: str, tables: Tables = TABLES) -> dict[str, Any]:
    return mapped(parse(f"MSH|^~\\&|A\rPID|{'|'.join(fields)}\r".encode()), "Patient", tables).resource


@pytest.mark.parametrize(
    ("datatype", "written", "meant"),
    [
        ("date", "19870312", "1987-03-12"),
        ("date", "198703", "1987-03"),
        ("date", "198703121530", "1987-03-12"),
        ("dateTime", "20260701093000", "2026-07-01T09:30:00+01:00"),
        ("dateTime", "20261122101500.25+0000", "2026-11-22T10:15:00.25Z"),
        ("dateTime", "2026112210", "2026-11-22T10:00:00Z"),
        ("dateTime", "20261122", "2026-11-22"),
        ("boolean", "Y", True),
        ("boolean", "N", False),
        ("integer", "2", 2),
        ("identifier", "999 054 8609^^^NHS", {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990548609"}),
        ("identifier", "A-1^^^&1.2.3&ISO", {"system": "urn:oid:1.2.3", "value": "A-1"}),
        ("identifier", "A-1^^^ACUTE", {"system": "https://fhir.example.org/Id/ACUTE", "value": "A-1"}),
        ("identifier", "A-1", {"value": "A-1"}),
        (
            "name",
            "Okafor&van^Ada^Grace Jane^Jr^Dr^MSc^L",
            {
                "use": "official",
                "family": "Okafor",
                "given": ["Ada", "Grace", "Jane"],
                "prefix": ["Dr"],
                "suffix": ["Jr", "MSc"],
            },
        ),
        (
            "address",
            "1 High Street&High Street^Flat 2^Leeds^^ls11aa^GBR^H",
            {
                "use": "home",
                "line": ["1 High Street", "Flat 2"],
                "city": "Leeds",
                "postalCode": "LS1 1AA",
                "country": "GBR",
            },
        ),
        ("telecom", "020 7946 0000^PRN^PH", {"system": "phone", "value": "020 7946 0000", "use": "home"}),
        ("telecom", "^NET^Internet^ada@example.org", {"system": "email", "value": "ada@example.org", "use": "home"}),
        ("telecom", "^PRN^CP^^44^7700^900000", {"system": "phone", "value": "+44 7700 900000", "use": "mobile"}),
        (
            "person",
            "G1^Shah^Priya^^^Dr^^^GMC",
            {
                "identifier": {"system": "https://fhir.hl7.org.uk/Id/gmc-number", "value": "G1"},
                "display": "Dr Priya Shah",
            },
        ),
        ("concept", "^Cardiology", {"text": "Cardiology"}),
        ("concept", "320^Cardiology^L", {"coding": [{"code": "320", "display": "Cardiology"}], "text": "Cardiology"}),
    ],
)
def test_data_types(datatype: str, written: str, meant: Any) -> None:
    assert DATATYPES[datatype](Value(written), TABLES) == meant


@pytest.mark.parametrize("datatype", sorted(DATATYPES))
def test_nothing_becomes_nothing(datatype: str) -> None:
    assert DATATYPES[datatype](Value(""), TABLES) is None


@pytest.mark.parametrize(
    ("written", "told"), [("1987031", "YYYYMMDDHHMMSS"), ("20260230", "day"), ("yesterday", "'yesterday'")]
)
def test_what_is_no_time_is_told(written: str, told: str) -> None:
    with pytest.raises(InvalidError, match=told):
        DATATYPES["dateTime"](Value(written), TABLES)


def test_a_patient_is_made_of_its_segment() -> None:
    found = _patient("1", "", "1^^^NHS~2^^^ACUTE", "", "Okafor^Ada", "", "19870312", "F", "", "", "1 High Street")
    assert found["gender"] == "female"
    assert [identifier["value"] for identifier in found["identifier"]] == ["1", "2"]
    assert found["address"] == [{"line": ["1 High Street"]}]


def test_a_code_that_no_table_has_is_told_with_its_field() -> None:
    with pytest.raises(InvalidError, match="PID-8: a code of the table gender expected, 'Q' found"):
        _patient("1", "", "1", "", "Okafor", "", "", "Q")


def test_of_two_rules_for_one_choice_the_fuller_counts() -> None:
    died = ["1", *[""] * 27, "20261122", "Y"]
    assert "deceasedBoolean" not in _patient(*died)
    assert _patient(*died)["deceasedDateTime"] == "2026-11-22"


def test_a_null_removes_and_nothing_leaves() -> None:
    told = mapped(parse(b'MSH|^~\\&|A\rPID|||1^^^ACUTE||Okafor||""\r'), "Patient", TABLES)
    known = {"resourceType": "Patient", "id": "p", "birthDate": "1987", "gender": "female"}
    after = told.laid_over(known)
    assert "birthDate" not in after
    assert after["gender"] == "female"
    assert known["birthDate"] == "1987"


def test_identifiers_of_other_systems_stay() -> None:
    told = mapped(parse(b"MSH|^~\\&|A\rPID|||2^^^ACUTE\r"), "Patient", TABLES)
    known = {
        "identifier": [{"system": "https://fhir.example.org/Id/ACUTE", "value": "1"}, {"system": "x", "value": "9"}]
    }
    assert [identifier["value"] for identifier in told.laid_over(known)["identifier"]] == ["9", "2"]


def test_a_site_lays_its_tables_over_ours(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text(
        """
        [authorities]
        ACUTE = "https://acute.example/mrn"
        [maps.gender.codes]
        Q = "other"
        [resources.Patient]
        birthDate = { from = "ZPD-1", as = "date" }
        """,
        "utf-8",
    )
    tables = load_tables(site)
    found = _patient("1", "", "1^^^ACUTE", "", "Okafor", "", "1987", "Q", tables=tables)
    assert found == {
        "resourceType": "Patient",
        "identifier": [{"system": "https://acute.example/mrn", "value": "1"}],
        "name": [{"family": "Okafor"}],
        "gender": "other",
    }


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("[resources.Patient]\nname = { each = 'PID-5', as = 'nam' }", "resources.Patient.name: one of text"),
        ("[resources.Patient]\nname = { each = 'PID5', as = 'name' }", "a field such as 'PID-3'"),
        ("[resources.Patient]\nname = { as = 'name' }", "either 'from' or 'each'"),
        ("[resources.Patient]\nname = { each = 'PID-5', as = 'name', map = 'x' }", "expected as 'map'"),
        ("[resources.Patient]\nname = { each = 'PID-5', as = 'name', wen = 1 }", "'wen' found"),
        ("[events]\nA01 = { stay = 'bgin' }", "events.A01.stay"),
        ("[site]\ntimezone = 'Mars/Base'", "time zone"),
        ("[sites]\n", "'sites' found"),
    ],
)
def test_tables_that_say_nothing_sensible_are_refused(tmp_path: Path, written: str, told: str) -> None:
    site = tmp_path / "site.toml"
    site.write_text(written, "utf-8")
    with pytest.raises(InvalidError, match=told):
        load_tables(site)


def test_tables_that_say_the_same_are_the_same(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text("[authorities]\nACUTE = 'https://acute.example/mrn'\n", "utf-8")
    before = load_tables(site)
    assert load_tables(site) is before
    site.write_text("[authorities]\nACUTE = 'https://acute.example/other'\n", "utf-8")
    assert load_tables(site) is not before


def test_a_file_of_tables_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        load_tables(tmp_path / "absent.toml")
    with pytest.raises(UnavailableError, match="cannot be read: Is a directory"):
        load_tables(tmp_path)
    (tmp_path / "broken.toml").write_text("[", "utf-8")
    with pytest.raises(MalformedError):
        load_tables(tmp_path / "broken.toml")
