import pytest

from careloom.model import parse_resource, serialize_json
from careloom.store.bodies import Bodies


def test_a_body_comes_back_with_all_its_digits() -> None:
    numbers = b"1.500,1E2,100000000000000000000,0.10"
    text = b'{"resourceType":"Observation","value":[' + numbers + b',"\xc3\xa9\xf0\x9f\x98\x80\\u0000"]}'
    bodies = Bodies()
    assert serialize_json(bodies.unpack(*bodies.pack(parse_resource(text)))) == text


def test_a_body_is_smaller_than_its_text() -> None:
    resource = {"resourceType": "Patient", "text": {"div": "the same again and again " * 40}}
    assert len(Bodies().pack(resource)[1]) < len(serialize_json(resource)) / 5


def test_a_dictionary_that_is_not_known_is_named() -> None:
    with pytest.raises(ValueError, match="dictionary 7"):
        Bodies().unpack(7, b"")
