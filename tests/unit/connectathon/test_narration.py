from typing import Any

import pytest
from tests.unit.connectathon.builders import exchange, message, outcome

from careloom.connectathon.narration import narrate


def bundle(type: str, *names: str) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": type, "entry": [{"resource": {"resourceType": name}} for name in names]}


def notification(kind: str) -> dict[str, Any]:
    status = {"resourceType": "Parameters", "parameter": [{"name": "type", "valueCode": kind}]}
    return {"resourceType": "Bundle", "type": "history", "entry": [{"resource": status}]}


SUBSCRIPTION = {"resourceType": "Subscription", "criteria": "https://locality.example/discharge"}


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "/fhir/.well-known/smart-configuration", b"", "asks where to log in"),
        ("POST", "/fhir/auth/token", b"grant_type=x", "proves who it is and asks for a token"),
        ("POST", "/fhir", bundle("transaction", "Patient", "Composition"), "sends a discharge letter, 2 resources"),
        ("POST", "/fhir", bundle("batch", "Patient"), "sends a batch, 1 resource"),
        ("POST", "/fhir/Subscription", SUBSCRIPTION, "asks to be told of each discharge"),
        ("POST", "/webhook", notification("handshake"), "checks that the address answers (handshake)"),
        ("POST", "/webhook", notification("event-notification"), "tells: a patient was discharged"),
        ("POST", "/fhir/Observation", {"resourceType": "Observation"}, "records a new Observation"),
        ("GET", "/fhir/Encounter/7", b"", "reads the hospital stay"),
        ("GET", "/fhir/Composition?encounter=7&_include=x", b"", "searches discharge letters by encounter"),
        ("GET", "/fhir/Patient", b"", "lists patients"),
        ("DELETE", "/fhir/Patient/7?x=1", b"", "DELETE /fhir/Patient/7"),
        ("POST", "/fhir", b"not json", "POST /fhir"),
    ],
)  # fmt: skip
def test_a_request_is_told_in_words(method: str, path: str, body: Any, expected: str) -> None:
    assert narrate(exchange(method=method, path=path, request=message(body))).asked == expected


@pytest.mark.parametrize(
    ("status", "body", "expected", "result"),
    [
        (200, {"access_token": "x"}, "a token for a few minutes", "done"),
        (200, bundle("transaction-response", "Patient", "Patient"), "recorded, 2 resources", "done"),
        (200, {"did": "had this one already: ignored"}, "had this one already: ignored", "done"),
        (201, {"resourceType": "Patient"}, "recorded", "done"),
        (200, b"", "answered", "done"),
        (422, outcome("a", "b"), "refused: 2 mistakes", "refused"),
        (403, outcome("no agreement"), "refused: no agreement", "refused"),
        (400, {"error": "invalid_scope", "error_description": "none of these"}, "refused: none of these", "refused"),
        (500, b"", "failed", "failed"),
        (0, b"", "no answer", "failed"),
    ],
)
def test_an_answer_is_told_in_words(status: int, body: Any, expected: str, result: str) -> None:
    told = narrate(exchange(status=status, response=message(body)))
    assert (expected, result) == (told.answered, told.result)


def test_what_a_search_found_is_told_apart_from_what_came_along() -> None:
    found = bundle("searchset", "Composition", "Condition", "Condition")
    for entry, mode in zip(found["entry"], ["match", "include", "include"], strict=True):
        entry["search"] = {"mode": mode}
    assert narrate(exchange(response=message(found))).answered == "1 found, with 2 more that belong to it"


def test_an_exchange_under_way_waits() -> None:
    told = narrate(exchange(is_over=False))
    assert ("", "waiting") == (told.answered, told.result)
