import pytest
from tests.unit.rest.desk import Desk
from tests.unit.rest.subscriptions.ward import Ward

from careloom.notify import STANDARD_TOPICS, TopicRegistry
from careloom.search import SearchParameters


@pytest.fixture(scope="session")
def topics(parameters: SearchParameters) -> TopicRegistry:
    return TopicRegistry(STANDARD_TOPICS, parameters)


@pytest.fixture
def ward(desk: Desk, topics: TopicRegistry) -> Ward:
    return Ward(desk, topics)
