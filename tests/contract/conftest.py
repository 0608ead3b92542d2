"""One fixture per port, run on every implementation."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.contract.stores import BASE_URL, STORES, SteppingClock, opened, searching

from careloom.definitions import Definitions
from careloom.search import Query, SearchParameters
from careloom.store import EventLog, Repository


@pytest.fixture(scope="session")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE_URL)


@pytest.fixture(scope="session")
def query(registry: SearchParameters) -> Callable[..., Query]:
    return searching(registry)


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture(params=STORES)
async def repository(
    request: pytest.FixtureRequest, tmp_path: Path, registry: SearchParameters, clock: SteppingClock
) -> AsyncIterator[Repository]:
    if request.param == "postgres":
        request.getfixturevalue("postgres")
    async with opened(request.param, tmp_path, registry, clock) as store:
        yield store


@pytest.fixture
def events(repository: Repository) -> EventLog:
    return repository.events
