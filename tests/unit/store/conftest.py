"""The search parameters of FHIR R4 core, and a database in memory with our schema."""

import sqlite3
from collections.abc import Iterator

import pytest

from careloom.definitions import Definitions
from careloom.search import SearchParameters
from careloom.store.sqlite.migrations import migrations, statements_in


@pytest.fixture(scope="session")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url="https://hub.example/fhir/")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for step in migrations():
        for statement in statements_in(step.script):
            connection.execute(statement)
    yield connection
    connection.close()
