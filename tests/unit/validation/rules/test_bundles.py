"""Bundles: which entries need an address, and which links a Bundle may have."""

import pytest
from tests.unit.validation.builders import bundle, observation, patient
from tests.unit.validation.rules.findings import found

from careloom.definitions import Definitions

REQUEST = {"request": {"method": "PUT", "url": "Patient/1"}}
RESPONSE = {"response": {"status": "200"}}


@pytest.mark.parametrize(
    ("kind", "parts", "is_needed"),
    [
        ("collection", {}, True),
        ("searchset", {}, True),
        ("history", REQUEST | RESPONSE, True),
        ("transaction", REQUEST, False),
        ("batch", REQUEST, False),
        ("transaction-response", RESPONSE, False),
        ("batch-response", RESPONSE, False),
    ],
)
def test_an_entry_has_an_address_except_in_transactions_and_batches(
    definitions: Definitions, kind: str, parts: dict[str, dict[str, str]], is_needed: bool
) -> None:
    resource = bundle({"resource": patient(id="1"), **parts}, kind=kind)
    assert found(definitions, resource, "bundle") == (["Bundle.entry[0]"] if is_needed else [])


@pytest.mark.parametrize(
    ("kind", "relation", "is_fine"),
    [("searchset", "next", True), ("collection", "next", False), ("collection", "self", True)],
)
def test_only_searches_and_histories_have_pages(
    definitions: Definitions, kind: str, relation: str, is_fine: bool
) -> None:
    entry = {"fullUrl": "https://somewhere.test/Patient/1", "resource": patient(id="1")}
    resource = bundle(entry, kind=kind, link=[{"relation": relation, "url": "https://somewhere.test/"}])
    assert found(definitions, resource, "bundle") == ([] if is_fine else ["Bundle.link[0].relation"])


def test_in_a_message_what_has_the_type_and_id_of_an_entry_means_it(definitions: Definitions) -> None:
    header = {
        "resourceType": "MessageHeader",
        "id": "m",
        "eventUri": "https://somewhere.test/event",
        "source": {"endpoint": "https://somewhere.test/"},
    }
    resources = [
        ("https://a.test/MessageHeader/m", header),
        ("https://a.test/Patient/1", patient(id="1")),
        ("https://b.test/Observation/2", observation(id="2", subject={"reference": "Patient/1"})),
    ]
    entries = [{"fullUrl": url, "resource": resource} for url, resource in resources]
    assert found(definitions, bundle(*entries, kind="message"), "message") == ["Bundle.entry[2].resource"]
