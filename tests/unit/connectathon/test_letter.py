from typing import Any

from careloom.connectathon.suppliers.letter import NHS_NUMBER, discharge_transaction
from careloom.model.references import references_in

STAY = {
    "number": "S1",
    "hospital_no": "H1",
    "nhs_number": "9990726515",
    "family": "Whitcombe",
    "given": "Margaret Anne",
    "gender": "female",
    "born": "1948-03-17",
    "address": "14 Larch Road\nNorthbury",
    "postcode": "NB4 7QT",
    "admitted": "2026-11-17T09:40:00+00:00",
    "discharged": "2026-11-22T10:15:00+00:00",
    "status": "finished",
    "ward": "Ward 6",
    "consultant": "Dr Nair",
    "practice": "ZZ904",
    "summary": "Fever & cough",
    "plan": "Rest",
}
ALLERGY = {"code": "373270004", "term": "Penicillin", "reaction_code": "271807003", "reaction": "Eruption of skin"}


def letter(allergy: dict[str, str] = ALLERGY, **stay: str) -> dict[str, Any]:
    return discharge_transaction(
        STAY | stay,
        diagnoses=[{"code": "385093006", "term": "Pneumonia"}],
        medicines=[{"code": "372478003", "term": "Doxycycline", "dose": "100 mg"}],
        allergies=[allergy],
        organisation="ZZ901",
        title="The Hospital",
    )


def resource(bundle: dict[str, Any], type: str) -> dict[str, Any]:
    found: dict[str, Any] = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == type)
    return found


def test_a_letter_is_a_transaction_of_six_kinds_of_resources() -> None:
    names = [entry["resource"]["resourceType"] for entry in letter()["entry"]]
    assert names == ["Patient", "Encounter", "Composition", "Condition", "MedicationStatement", "AllergyIntolerance"]


def test_every_reference_is_to_a_resource_of_the_letter() -> None:
    made = letter()
    inside = {entry["fullUrl"] for entry in made["entry"]}
    assert {reference["reference"] for reference in references_in(made)} <= inside


def test_a_patient_who_is_known_already_is_not_recorded_twice() -> None:
    request = letter()["entry"][0]["request"]
    assert request["ifNoneExist"] == f"identifier={NHS_NUMBER}|9990726515"


def test_a_blank_on_the_ward_is_a_blank_in_the_letter() -> None:
    made = letter(ALLERGY | {"code": "", "term": ""}, nhs_number="")
    assert {"system": NHS_NUMBER} in resource(made, "Patient")["identifier"]
    assert "code" not in resource(made, "AllergyIntolerance")
    assert "ifNoneExist" not in made["entry"][0]["request"]


def test_what_people_read_is_escaped() -> None:
    texts = [section["text"]["div"] for section in resource(letter(), "Composition")["section"]]
    assert any("Fever &amp; cough" in text for text in texts)
