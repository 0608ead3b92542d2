import threading
from typing import Any

import pytest

from careloom.model import parse_resource, serialize_json
from careloom.store.bodies import FIRST_AFTER, Bodies, Dictionaries, trained
from careloom.store.sql.element_texts import texts_of


def test_a_body_comes_back_with_all_its_digits() -> None:
    numbers = b"1.500,1E2,100000000000000000000,0.10"
    text = b'{"resourceType":"Observation","value":[' + numbers + b',"\xc3\xa9\xf0\x9f\x98\x80\\u0000"]}'
    bodies = Bodies(Dictionaries())
    assert serialize_json(bodies.unpack(*bodies.pack(parse_resource(text)))) == text


def test_a_body_is_smaller_than_its_text() -> None:
    resource = {"resourceType": "Patient", "text": {"div": "the same again and again " * 40}}
    assert len(Bodies(Dictionaries()).pack(resource)[1]) < len(serialize_json(resource)) / 5


def test_a_dictionary_that_is_not_known_is_named() -> None:
    with pytest.raises(ValueError, match="dictionary 7"):
        Bodies(Dictionaries()).unpack(7, b"")


def test_a_dictionary_is_known_to_all_threads() -> None:
    samples = [b'{"resourceType":"Patient","active":true,"gender":"male","n":%d}' % n for n in range(2_000)]
    content = trained(samples)
    assert content is not None
    bodies = Bodies(Dictionaries())
    bodies.dictionaries.add(1, "Patient", content)
    resource = {"resourceType": "Patient", "active": True, "gender": "male", "n": 7}
    found: list[object] = []
    packed = bodies.pack(resource)
    thread = threading.Thread(target=lambda: found.append(bodies.unpack(*packed)))
    thread.start()
    thread.join()
    assert packed[0] == 1
    assert found == [resource]


@pytest.mark.parametrize("many", [2, 20])
def test_bodies_packed_together_are_what_each_would_be_alone(many: int) -> None:
    samples = [b'{"resourceType":"Patient","active":true,"gender":"male","n":%d}' % n for n in range(2_000)]
    content = trained(samples)
    assert content is not None
    together, alone = Bodies(Dictionaries()), Bodies(Dictionaries())
    for bodies in (together, alone):
        bodies.dictionaries.add(1, "Patient", content)
    texts = [("Patient", sample) for sample in samples[:many]]
    texts.insert(1, ("Flag", b'{"resourceType":"Flag"}'))
    packed = together.pack_texts(texts)
    assert packed == [alone.pack_text(type, body) for type, body in texts]
    assert [number for number, _ in packed] == [1, 0] + [1] * (many - 1)
    assert together.dictionaries.packed == alone.dictionaries.packed


def test_what_the_version_says_is_not_packed_again() -> None:
    bodies = Bodies(Dictionaries())
    meta = {"versionId": "1", "lastUpdated": "2026-11-22T12:00:00Z", "profile": ["urn:x"]}
    resource: dict[str, Any] = {"resourceType": "Patient", "id": "1", "meta": meta, "active": True}
    expected = {"resourceType": "Patient", "meta": {"profile": ["urn:x"]}, "active": True}
    assert bodies.unpack(*bodies.pack(resource)) == expected
    assert parse_resource(texts_of(resource)[1]) == expected


def test_a_type_is_due_for_a_dictionary_after_some_bodies() -> None:
    bodies = Bodies(Dictionaries())
    for _ in range(FIRST_AFTER):
        assert bodies.dictionaries.due() == ""
        bodies.pack({"resourceType": "Patient"})
    assert bodies.dictionaries.due() == "Patient"


def test_bodies_are_counted_anew_from_the_beginning_of_a_training() -> None:
    dictionaries = Dictionaries()
    for _ in range(FIRST_AFTER + 3):
        dictionaries.count("Patient")
    assert dictionaries.begin("Patient") == FIRST_AFTER + 3
    assert dictionaries.due() == ""
    dictionaries.count("Patient")
    assert (dictionaries.packed["Patient"], dictionaries.due()) == (1, "")
