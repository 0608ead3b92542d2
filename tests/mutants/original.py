"""A valid resource to break."""

from dataclasses import dataclass

from careloom.model import Resource


@dataclass(frozen=True, slots=True)
class Original:
    """A valid resource.

    Attributes:
        name: For reports and for the seed; one of its own.
        resource: Plain JSON.
        canonical: What it conforms to and is broken by: a profile, or the name of its type.
        origin: Where it comes from, for reports.
    """

    name: str
    resource: Resource
    canonical: str
    origin: str

    @property
    def profiles(self) -> list[str]:
        """The profile to ask the validator for, if it is one."""
        return [self.canonical] if ":" in self.canonical else []
