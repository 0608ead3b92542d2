"""The section ``[audit]``: how audit records name the place, and how many a stranger may leave."""

from typing import Final

from careloom.governance import Folding
from careloom.model.records import dataclass
from careloom.settings.tables import Table

_USUAL: Final = Folding()


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """How audit records name the place, and how many a stranger may leave.

    Attributes:
        site: ``AuditEvent.source.site``.
        folding: How many refusals of a stranger are recorded one by one.
    """

    site: str
    folding: Folding = _USUAL


def read_audit(root: Table) -> AuditSettings:
    """The section of a settings file; what is wrong with it becomes a complaint."""
    with root.table("audit") as audit:
        return AuditSettings(
            site=audit.text("site", ""),
            folding=Folding(
                refusals=audit.whole("refusals", _USUAL.refusals, most=10_000),
                seconds=audit.seconds("refusal_window", _USUAL.seconds),
                networks=audit.whole("refusal_networks", _USUAL.networks, least=1, most=100_000),
            ),
        )
