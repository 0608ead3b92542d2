"""How much one GraphQL query may cost: resources that are read and values that are told, each with a clear refusal."""

from typing import Final

from careloom import fhirpath
from careloom.model.errors import TooCostlyError
from careloom.model.records import dataclass

RESOURCES: Final = 5_000
VALUES: Final = 50_000
SEARCHES: Final = 200
STEPS: Final = 100_000
"""Of all FHIRPaths together, each after its first thousand."""
SECONDS: Final = 1.0
"""Of all FHIRPaths together."""


@dataclass(slots=True)
class Budget:
    """What is left of it."""

    resources: int = RESOURCES
    values: int = VALUES
    searches: int = SEARCHES

    def spend(self, *, resources: int = 0, values: int = 0, searches: int = 0) -> None:
        """Take something off.

        Raises:
            TooCostlyError: There is not as much left.
        """
        self.resources -= resources
        self.values -= values
        self.searches -= searches
        if self.resources < 0:
            raise TooCostlyError(f"query: at most {RESOURCES} resources are read for one query")
        if self.values < 0:
            raise TooCostlyError(f"query: at most {VALUES} values are told by one query")
        if self.searches < 0:
            raise TooCostlyError(f"query: at most {SEARCHES} searches are made for one query")


def path_environment() -> fhirpath.Environment:
    """What the FHIRPaths of one query are evaluated in: they share what they may cost."""
    return fhirpath.Environment(budget=fhirpath.Budget(STEPS, SECONDS))
