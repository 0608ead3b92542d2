"""The search parameters of FHIR R4 core, on a server with an address of its own."""

import pytest

from careloom.definitions import Definitions
from careloom.search import SearchParameters


@pytest.fixture(scope="session")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url="https://hub.example/fhir")
