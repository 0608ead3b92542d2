"""What may be done to a record, by the names of the FHIR REST API, and which SMART right each of them needs.

One table: the code of http://hl7.org/fhir/restful-interaction, the letter of SMART App Launch 2.2 ("Scopes for
requesting FHIR Resources": instance history belongs to r, type and system history to s), the verb used in sentences
and in agreements, and the action an AuditEvent carries.
"""

from typing import Final

from careloom.model.records import dataclass

RIGHTS: Final = "cruds"
"""SMART's letters in the only order in which they may be written: create, read, update, delete, search."""

VERBS: Final = {"c": "create", "r": "read", "u": "update", "d": "delete", "s": "search"}
"""What an agreement calls each right."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """One row of the table.

    Attributes:
        code: As in the code system restful-interaction.
        right: SMART letter; empty where the interaction itself touches no record.
        action: AuditEvent.action: C, R, U, D or E.
    """

    code: str
    right: str
    action: str

    @property
    def verb(self) -> str:
        """What an agreement calls it; its own code where no right is needed."""
        return VERBS.get(self.right, self.code)


INTERACTIONS: Final = {
    row.code: row
    for row in (
        Interaction("create", "c", "C"),
        Interaction("read", "r", "R"),
        Interaction("vread", "r", "R"),
        Interaction("history-instance", "r", "R"),
        Interaction("update", "u", "U"),
        Interaction("patch", "u", "U"),
        Interaction("delete", "d", "D"),
        Interaction("search", "s", "E"),
        Interaction("search-type", "s", "E"),
        Interaction("search-system", "s", "E"),
        Interaction("history-type", "s", "E"),
        Interaction("history-system", "s", "E"),
        Interaction("capabilities", "", "R"),
        Interaction("batch", "", "E"),
        Interaction("transaction", "", "E"),
        Interaction("operation", "", "E"),
    )
}
