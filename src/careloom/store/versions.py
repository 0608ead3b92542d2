"""Versions of resources, as they are recorded and as they would be written."""

from datetime import datetime
from typing import Literal

from careloom.model import Resource
from careloom.model.records import dataclass

Interaction = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one resource.

    Attributes:
        type: Resource type.
        id: Logical id.
        version_id: Counts up from ``"1"``; goes on counting after a deletion.
        last_updated: When it was recorded, in UTC; never earlier than that of a version with a smaller sequence.
        interaction: ``create`` wherever there was no living version before it, also by an update or after a deletion.
        resource: As stored, with ``id``, ``meta.versionId`` and ``meta.lastUpdated``; None for a deletion.
            Callers leave it unchanged: it may be shared.
        sequence: Time-ordered id of the version, unique in the store.
    """

    type: str
    id: str
    version_id: str
    last_updated: datetime
    interaction: Interaction
    resource: Resource | None
    sequence: int

    @property
    def is_deleted(self) -> bool:
        """Whether this version says that the resource is gone."""
        return self.interaction == "delete"

    @property
    def number(self) -> int:
        """`version_id` as a number."""
        return int(self.version_id)

    @property
    def reference(self) -> str:
        """``Type/id``."""
        return f"{self.type}/{self.id}"


@dataclass(frozen=True, slots=True)
class Text:
    """One version of one resource with its content as it would be written, not taken apart.

    Attributes:
        type: Resource type.
        id: Logical id.
        version_id: As in `Version`.
        last_updated: As in `Version`.
        interaction: As in `Version`.
        body: The FHIR JSON that `Version.resource` stands for, in UTF-8; None for a deletion.
        sequence: As in `Version`.
    """

    type: str
    id: str
    version_id: str
    last_updated: datetime
    interaction: Interaction
    body: bytes | None
    sequence: int
