"""Rules for whole resources: Bundles, documents, Questionnaires and their responses."""

from typing import Any

import pytest
from tests.unit.validation.builders import bundle, errors, judge, patient

from careloom.definitions import Definitions
from careloom.model import ExactDecimal, Resource

BASE = "http://example.org/fhir/"


def entry(resource: Resource, full_url: str | None = None) -> dict[str, Any]:
    return {"fullUrl": full_url or f"{BASE}{resource['resourceType']}/{resource['id']}", "resource": resource}


@pytest.mark.parametrize(
    ("full_url", "resource", "part"),
    [
        ("Patient/1", patient(id="1"), "an absolute address expected"),
        (BASE + "Patient/2", patient(id="1"), "Patient/2 expected by its fullUrl, Patient/1 found"),
        (BASE + "Patient/2", patient(active=True), "an id expected for the fullUrl"),
    ],
)
def test_a_full_url_fits_its_resource(definitions: Definitions, full_url: str, resource: Resource, part: str) -> None:
    found = errors(judge(definitions, bundle(entry(resource, full_url))))
    assert len(found) == 1
    assert part in found[0]


def composition(**fields: Any) -> Resource:
    required = {"status": "final", "type": {"text": "x"}, "date": "2026", "title": "x", "author": [{"display": "x"}]}
    return {"resourceType": "Composition", "id": "c", **required, **fields}


def document(*resources: Resource) -> Resource:
    identifier = {"system": "urn:ietf:rfc:3986", "value": "urn:uuid:0d8ecb19-8b7d-4a2a-8c6a-1ab1f9e7b2a3"}
    entries = (entry(resource) for resource in resources)
    return bundle(*entries, kind="document", identifier=identifier, timestamp="2026-01-01T00:00:00Z")


def test_a_document_that_holds_together_is_fine(definitions: Definitions) -> None:
    resource = document(composition(subject={"reference": "Patient/1"}), patient(id="1"))
    assert errors(judge(definitions, resource)) == []


def test_what_a_composition_refers_to_is_in_the_document(definitions: Definitions) -> None:
    found = errors(judge(definitions, document(composition(subject={"reference": "Patient/2"}))))
    assert found == ["Bundle.entry[0].resource.subject: 'Patient/2' expected in the document, not found"]


def test_what_is_in_the_document_is_linked_with_the_composition(definitions: Definitions) -> None:
    found = errors(judge(definitions, document(composition(), patient(id="1"))))
    assert [message.partition(":")[0] for message in found] == ["Bundle.entry[1]"]


FORM = "https://somewhere.test/Questionnaire/q"


def form(*items: dict[str, Any]) -> Resource:
    return {"resourceType": "Questionnaire", "url": FORM, "status": "active", "item": list(items)}


def response(*items: dict[str, Any], status: str = "completed") -> Resource:
    given = {"item": list(items)} if items else {}
    return {"resourceType": "QuestionnaireResponse", "questionnaire": FORM, "status": status, **given}


def answered(link_id: str, *answers: dict[str, Any]) -> dict[str, Any]:
    return {"linkId": link_id, "answer": list(answers)}


NAME = {"linkId": "name", "type": "string", "required": True, "maxLength": 5}
AGE = {
    "linkId": "age",
    "type": "integer",
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/maxValue", "valueInteger": 9}],
}
IF_ADA = {**AGE, "enableWhen": [{"question": "name", "operator": "=", "answerString": "Ada"}]}


@pytest.mark.parametrize(
    ("items", "given", "expected"),
    [
        ([NAME], [answered("name", {"valueString": "Ada"})], []),
        ([NAME], [answered("name", {"valueString": "Adaeze"})], ["at most 5 characters expected, 6 found"]),
        ([NAME], [answered("name", {"valueInteger": 1})], ["an answer of type string expected, Integer found"]),
        ([NAME], [], ["an answer to the required item 'name' expected, none found"]),
        ([AGE], [answered("age", {"valueInteger": 10})], ["at most 9 expected, 10 found"]),
        ([AGE], [answered("age", {"valueInteger": 1}, {"valueInteger": 2})], ["one answer to 'age' expected, 2 found"]),
        ([AGE], [answered("size", {"valueInteger": 1})], ["a linkId of the Questionnaire expected, 'size' found"]),
        (
            [NAME, IF_ADA],
            [answered("name", {"valueString": "Bo"}), answered("age", {"valueInteger": 1})],
            ["no answer expected, since item 'age' is not enabled"],
        ),
        ([NAME, IF_ADA], [answered("name", {"valueString": "Ada"}), answered("age", {"valueInteger": 1})], []),
    ],
)
def test_a_response_answers_its_questionnaire(
    definitions: Definitions, items: list[dict[str, Any]], given: list[dict[str, Any]], expected: list[str]
) -> None:
    found = errors(judge(definitions, response(*given), extra=[form(*items)]))
    assert [message.partition(": ")[2] for message in found] == expected


def test_an_unfinished_response_may_leave_required_items_open(definitions: Definitions) -> None:
    assert errors(judge(definitions, response(status="in-progress"), extra=[form(NAME)])) == []


def test_decimal_places_are_counted_as_written(definitions: Definitions) -> None:
    places = [{"url": "http://hl7.org/fhir/StructureDefinition/maxDecimalPlaces", "valueInteger": 1}]
    item = {"linkId": "x", "type": "decimal", "extension": places}
    found = errors(
        judge(definitions, response(answered("x", {"valueDecimal": ExactDecimal("1.50")})), extra=[form(item)])
    )
    assert [message.partition(": ")[2] for message in found] == ["at most 1 decimal places expected, 2 found"]


def test_a_condition_on_an_inner_question_is_an_error(definitions: Definitions) -> None:
    inner = {"linkId": "b", "type": "boolean"}
    condition = {"question": "b", "operator": "=", "answerBoolean": True}
    found = errors(
        judge(definitions, form({"linkId": "a", "type": "group", "item": [inner], "enableWhen": [condition]}))
    )
    assert found == ["Questionnaire.item[0]: a question outside of the item expected in enableWhen, its own 'b' found"]


@pytest.mark.parametrize("kind", ["collection", "document", "message"])
def test_an_entry_has_an_address_where_the_bundle_is_a_whole(definitions: Definitions, kind: str) -> None:
    found = errors(judge(definitions, bundle({"resource": patient(id="1")}, kind=kind)))
    assert f"Bundle.entry[0]: a fullUrl expected for each entry of a {kind}, none found" in found


def test_an_entry_of_a_transaction_needs_no_address(definitions: Definitions) -> None:
    entry = {"resource": patient(active=True), "request": {"method": "POST", "url": "Patient"}}
    assert errors(judge(definitions, bundle(entry, kind="transaction"))) == []


def test_what_a_message_is_about_is_in_it(definitions: Definitions) -> None:
    header = {
        "resourceType": "MessageHeader",
        "id": "m",
        "eventUri": "https://somewhere.test/e",
        "source": {"endpoint": "https://somewhere.test"},
        "focus": [{"reference": "Patient/1"}],
    }
    assert errors(judge(definitions, bundle(entry(header), entry(patient(id="1")), kind="message"))) == []
    found = errors(judge(definitions, bundle(entry(header), kind="message")))
    assert found == ["Bundle.entry[0].resource.focus[0]: 'Patient/1' expected in the message, not found"]


def test_a_relative_reference_does_not_mean_an_entry_of_another_address(definitions: Definitions) -> None:
    elsewhere = entry(patient(id="1"), "http://other.test/fhir/Patient/1")
    made = document(composition(subject={"reference": "Patient/1"}))
    found = errors(judge(definitions, {**made, "entry": [*made["entry"], elsewhere]}))
    assert "Bundle.entry[0].resource.subject: 'Patient/1' expected in the document, not found" in found
