"""The section ``[audit]``: how audit records name the place."""

from careloom.model.records import dataclass
from careloom.settings.tables import Table


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """How audit records name the place: ``AuditEvent.source.site``."""

    site: str


def read_audit(root: Table) -> AuditSettings:
    """The section of a settings file; what is wrong with it becomes a complaint."""
    with root.table("audit") as audit:
        return AuditSettings(site=audit.text("site", ""))
