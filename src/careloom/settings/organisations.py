"""The sections ``[[organisations]]``: who takes part."""

from careloom.governance import Organisation
from careloom.settings.forms import ID, ID_FORM
from careloom.settings.tables import Table


def read_organisations(root: Table) -> tuple[Organisation, ...]:
    """The sections of a settings file; what is wrong with them becomes a complaint."""
    return tuple(_organisation(table) for table in root.tables("organisations"))


def _organisation(table: Table) -> Organisation:
    with table:
        return Organisation(
            id=table.text("id", pattern=ID, form=ID_FORM),
            name=table.text("name"),
            ods_code=table.text("ods_code", ""),
        )
