"""Search parameters and topics for the tests of notify."""

import pytest

from careloom.definitions import Definitions
from careloom.notify import STANDARD_TOPICS, TopicRegistry
from careloom.search import SearchParameters


@pytest.fixture(scope="session")
def parameters(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions)


@pytest.fixture(scope="session")
def topics(parameters: SearchParameters) -> TopicRegistry:
    return TopicRegistry(STANDARD_TOPICS, parameters)
