import json

import pytest
from tests.unit.connectathon.builders import NOW, exchange, message

from careloom.connectathon.evidence import GENESIS, Evidence, MemoryStore, read_evidence
from careloom.connectathon.exchange import exchange_record
from careloom.model.errors import InvalidError


def evidence() -> Evidence:
    made = Evidence(MemoryStore(), clock=lambda: NOW)
    for number in range(3):
        made.append("thing", {"number": number, "text": "Zoës ward"})
    return made


def test_each_line_names_the_one_before_it() -> None:
    lines = read_evidence(evidence().text())
    assert [GENESIS, lines[0].hash, lines[1].hash] == [line.previous for line in lines]


def test_the_seal_is_the_hash_of_the_last_line() -> None:
    made = evidence()
    assert read_evidence(made.text())[-1].hash == made.seal


def test_a_changed_line_is_found() -> None:
    tampered = evidence().text().replace(b'"number":1', b'"number":7')
    with pytest.raises(InvalidError, match="line 2: content has the hash"):
        read_evidence(tampered)


def test_a_dropped_line_is_found() -> None:
    lines = evidence().text().splitlines(keepends=True)
    with pytest.raises(InvalidError, match="line 2: follows"):
        read_evidence(lines[0] + lines[2])


def test_lines_that_change_places_are_found() -> None:
    lines = evidence().text().splitlines(keepends=True)
    with pytest.raises(InvalidError, match="line 1: follows"):
        read_evidence(lines[1] + lines[0] + lines[2])


def test_a_line_without_its_fields_is_told() -> None:
    with pytest.raises(InvalidError, match="line 1: kind, at, content, previous and hash expected"):
        read_evidence(json.dumps({"kind": "thing"}).encode())


@pytest.mark.parametrize(
    ("body", "key", "kept"),
    [(b'{"value": 1.50}', "body", '{"value": 1.50}'), (b"", "body", ""), (b"\xff\x00\xfe", "base64", "/wD+")],
)
def test_the_record_of_an_exchange_keeps_every_byte_of_a_body(body: bytes, key: str, kept: str) -> None:
    made = exchange_record(exchange(request=message(body), response=message(body)))
    assert [kept, kept] == [made["request"][key], made["response"][key]]
