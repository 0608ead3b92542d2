"""The sections ``[[agreements]]``: who may do what with which types, for which purpose, until when."""

from datetime import tzinfo

from careloom.governance import Agreement
from careloom.settings.forms import ID, ID_FORM, TYPE_OR_ANY, read_purposes
from careloom.settings.tables import Table


def read_agreements(root: Table, zone: tzinfo) -> tuple[Agreement, ...]:
    """The sections of a settings file; what is wrong with them becomes a complaint.

    Args:
        root: The whole file.
        zone: What dates in the file are meant in.
    """
    return tuple(_agreement(table, zone) for table in root.tables("agreements"))


def _agreement(table: Table, zone: tzinfo) -> Agreement:
    with table:
        return Agreement(
            id=table.text("id", pattern=ID, form=ID_FORM),
            title=table.text("title"),
            parties=table.texts("parties"),
            interactions=frozenset(table.texts("interactions")),
            types=frozenset(table.texts("types", pattern=TYPE_OR_ANY, form="names of resource types, or *,")),
            purposes=read_purposes(table, "purposes"),
            start=table.moment("start", zone),
            end=table.moment("end", zone, is_end=True),
            grantees=table.texts("grantees", ()),
        )
