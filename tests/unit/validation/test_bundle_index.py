"""The entries of a Bundle by address."""

from typing import Any

import pytest
from tests.unit.validation.builders import bundle, patient

from careloom.validation.bundle_index import BundleIndex
from careloom.validation.context import Scope

URL = "http://example.org/fhir/Patient/1"


def found(meta: Any, reference: str) -> int:
    scope = Scope(bundle({"fullUrl": URL, "resource": patient(id="1", meta=meta)}), (None, "Bundle"), "document")
    return len(BundleIndex(scope).find(reference, scope))


def test_a_reference_with_a_version_means_the_entry_of_that_version() -> None:
    assert found({"versionId": "2"}, f"{URL}/_history/2") == 1
    assert found({"versionId": "3"}, f"{URL}/_history/2") == 0


@pytest.mark.parametrize("meta", [None, "x", [], 7])
def test_an_entry_whose_meta_is_no_object_has_no_version(meta: Any) -> None:
    assert found(meta, f"{URL}/_history/2") == 0
    assert found(meta, URL) == 1
