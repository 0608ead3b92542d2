"""A hub with a record in memory, a validator that says what a test wants, and one client that may do everything."""

import pytest
from tests.unit.rest.desk import BASE, NOW, Desk, StubValidator, counted_ids, registry

from careloom.definitions import Definitions
from careloom.governance import Authority, PrivateKey, new_key
from careloom.rest.hub import Hub
from careloom.rest.routes import Routes
from careloom.rest.table import INTERACTIONS
from careloom.search import SearchParameters
from careloom.store import MemoryRepository


@pytest.fixture(scope="session")
def parameters(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE)


@pytest.fixture
def desk(definitions: Definitions, parameters: SearchParameters, hub_key: PrivateKey) -> Desk:
    validator = StubValidator()
    hub = Hub(
        base_url=BASE,
        repository=MemoryRepository(tenant="t", parameters=parameters, clock=lambda: NOW),
        parameters=parameters,
        types=definitions.types,
        validator=validator,
        authority=Authority(BASE, (hub_key,)),
        registry=registry(),
        routes=Routes(INTERACTIONS, definitions.types.resource_types()),
        clock=lambda: NOW,
        new_id=counted_ids(),
    )
    return Desk(hub, validator)


@pytest.fixture(scope="session")
def hub_key() -> PrivateKey:
    return new_key("ES256", kid="hub")
