"""The section ``[operations]``: what a locality chooses of the operations."""

from pathlib import Path

from careloom.model.records import dataclass
from careloom.rest.operations.matching import MatchTable, read_table, usual_table
from careloom.settings.tables import Table


@dataclass(frozen=True, slots=True)
class OperationSettings:
    """What is chosen of the operations.

    Attributes:
        matching: What patients are matched by.
        import_folder: Folder whose files ``$import`` may read; None where it reads none.
    """

    matching: MatchTable
    import_folder: Path | None


def read_operations(root: Table) -> OperationSettings:
    """The section of a settings file; what is wrong with it, or with the file it names, becomes a complaint."""
    with root.table("operations") as operations:
        return OperationSettings(
            matching=_matching(operations),
            import_folder=operations.path_if_any("import_folder"),
        )


def _matching(operations: Table) -> MatchTable:
    path = operations.path_if_any("matching")
    return operations.attempt("matching", lambda: read_table(path), usual_table()) if path else usual_table()
