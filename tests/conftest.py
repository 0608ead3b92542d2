"""What every test may ask for: definitions, suites and UK Core, each skipped with a reason where it is absent."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from tests.postgres import NoServerError, Server, shared_server

from careloom.definitions import Definitions, PackageCache

# The same examples at every run, so that a change is judged by itself; `make acceptance` looks for new ones. None has a
# deadline: how long one takes depends on what else the machine does.
settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("CARELOOM_HYPOTHESIS", "repeatable"))

# Tests neither use nor change what the user's own runs have kept; those about keeping name a folder.
os.environ.setdefault("CARELOOM_CACHE", "off")

ROOT = Path(__file__).parents[1]
CORE = "hl7.fhir.r4.core@4.0.1"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    """FHIR R4 core, as the user's package cache holds it."""
    cache = PackageCache()
    if CORE not in {str(package) for package in cache.installed()}:
        pytest.skip(f"{CORE} is not in the FHIR package cache; `make setup` installs it")
    return Definitions.load([CORE], cache=cache)


@pytest.fixture(scope="session")
def suites() -> Path:
    """The public HL7 suites, at CARELOOM_SUITES."""
    return _data("CARELOOM_SUITES", ROOT.parent / "shared" / "suites")


@pytest.fixture(scope="session")
def ukcore() -> Path:
    """UK Core profiles and examples, at CARELOOM_UKCORE."""
    return _data("CARELOOM_UKCORE", ROOT.parent / "shared" / "ukcore")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A PostgreSQL server of our own, shared by all workers of the session."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    try:
        with shared_server(shared / "postgres") as server:
            yield server
    except NoServerError as error:
        pytest.skip(str(error))


@pytest.fixture
def postgres_url(postgres: Server, tmp_path: Path) -> Iterator[str]:
    """Address of a database that is empty; it is this test's folder on the server."""
    yield postgres.database_of(tmp_path)
    postgres.drop_database_of(tmp_path)


def _data(variable: str, default: Path) -> Path:
    path = Path(os.environ.get(variable, default))
    if not path.is_dir():
        pytest.skip(f"{variable} names no folder ({path}), so there is nothing to test against")
    return path
