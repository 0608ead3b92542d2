"""A hub on each database, behind a door that adds the token, for programs that nobody here wrote."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.acceptance.gateway import gateway
from tests.integration.hub import SETTINGS, HubProcess, Locality, running_hub
from tests.postgres import Server

from careloom.connectathon.ports import free_port
from careloom.definitions import Definitions

DATABASES = ("sqlite", "postgres")


@pytest.fixture(scope="module", params=DATABASES)
def hub(
    request: pytest.FixtureRequest, definitions: Definitions, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HubProcess]:
    """A hub of this module's own, whose address asks for no token; once on SQLite and once on PostgreSQL."""
    folder = tmp_path_factory.mktemp("locality")
    with store(request, folder), open_hub(folder) as running:
        yield running


@contextmanager
def store(request: pytest.FixtureRequest, folder: Path) -> Iterator[None]:
    """What names the store to the hub that starts next."""
    if request.param == "sqlite":
        yield
        return
    server: Server = request.getfixturevalue("postgres")
    os.environ["CARELOOM_STORE_URL"] = server.database_of(folder)
    try:
        yield
    finally:
        del os.environ["CARELOOM_STORE_URL"]
        server.drop_database_of(folder)


@contextmanager
def open_hub(folder: Path, settings: str = SETTINGS) -> Iterator[HubProcess]:
    """A hub behind a door that adds the token."""
    port = free_port()
    locality = Locality.make(folder)
    with gateway(locality, port) as door:
        mine = settings.replace("port = 0", f"port = {port}").replace("127.0.0.1/fhir", f"127.0.0.1:{door}/fhir")
        locality.file.write_text(mine)
        with running_hub(locality) as hub:
            yield hub
