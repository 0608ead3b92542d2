"""Reading a bundle in pieces gives what reading it at once gives, errors included."""

from typing import Any

import pytest

from careloom.model.errors import MalformedError
from careloom.model.json import serialize_json
from careloom.rest.body import read_resource
from careloom.rest.hub import Limits
from careloom.rest.large_body import read_in_pieces

LIMITS = Limits(depth=8)


def bundle(*entries: Any, **more: Any) -> bytes:
    return serialize_json({"resourceType": "Bundle", "type": "transaction", "entry": list(entries), **more})


def deep(levels: int) -> Any:
    return {"a": deep(levels - 1)} if levels else {}


GOOD = {
    "entries": bundle({"fullUrl": "urn:1"}, {"resource": {"resourceType": "Patient", "id": "1"}}),
    "no entries": bundle(),
    "no entry": b'{"resourceType":"Bundle","type":"batch"}',
    "entry in front": b' { "entry" : [ {"a": 1.50}, 2, "x" ] , "resourceType" : "Bundle" } ',
    "entry that is no list": b'{"resourceType":"Bundle","entry":{"a":[]}}',
    "entry text elsewhere too": b'{"resourceType":"Bundle","x":[{"a":1}],"entry":[{"a":1}]}',
    "entry text in a text": b'{"resourceType":"Bundle","x":"[{}]","entry":[{}]}',
    "empty list elsewhere too": b'{"resourceType":"Bundle","x":[],"entry":[]}',
    "another resource": b'{"resourceType":"List","entry":[{"a":1}]}',
    "at the ceiling of depth": bundle(deep(5)),
    "byte order mark": b"\xef\xbb\xbf" + bundle({"a": 1}),
    "escaped": bundle({"a": 'x":"y'}, {"\u00e9": "\u2028"}),
}

BAD = {
    "not JSON": b'{"resourceType":"Bundle","entry":[{"a":1},]}',
    "not JSON in an entry": b'{"resourceType":"Bundle","entry":[{"a":01}]}',
    "not UTF-8 in an entry": b'{"resourceType":"Bundle","entry":[{"a":"\xff"}]}',
    "cut off": bundle({"a": 1})[:-3],
    "no resource": b'{"entry":[{"a":1}]}',
    "a key twice in an entry": b'{"resourceType":"Bundle","entry":[{"a":1,"a":2}]}',
    "a key twice outside": b'{"resourceType":"Bundle","type":"a","type":"b","entry":[{"a":1}]}',
    "entry twice": b'{"resourceType":"Bundle","entry":[{"a":1}],"entry":[{"a":1}]}',
    "other entries twice": b'{"resourceType":"Bundle","entry":[{"b":1}],"entry":[{"a":1}]}',
    "NUL": b'{"resourceType":"Bundle","entry":[{"a":"\\u0000"}]}',
    "NUL outside": b'{"resourceType":"Bundle","x":"\\u0000","entry":[{"a":"b"}]}',
    "too deep": bundle(deep(6)),
    "nothing": b"  ",
}


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD)
def test_what_is_read_is_the_same(data: bytes) -> None:
    whole, pieces = read_resource(data, LIMITS), read_in_pieces(data, LIMITS)
    assert pieces == whole
    assert serialize_json(pieces) == serialize_json(whole), "digits and order, too"


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_what_is_refused_is_refused_in_the_same_words(data: bytes) -> None:
    with pytest.raises(MalformedError) as whole:
        read_resource(data, LIMITS)
    with pytest.raises(MalformedError) as pieces:
        read_in_pieces(data, LIMITS)
    assert str(pieces.value) == str(whole.value)
