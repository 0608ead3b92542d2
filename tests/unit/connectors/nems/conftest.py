"""The hub of the tests of interactions, for what is posted to it."""

from tests.unit.rest.conftest import desk, hub_key, parameters

__all__ = ["desk", "hub_key", "parameters"]
