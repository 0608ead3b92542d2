"""The sections ``[limits]`` and ``[search]``: ceilings of a request, and of one search."""

from dataclasses import fields
from typing import TypeVar

from careloom.rest.hub import Limits
from careloom.search.limits import Limits as SearchLimits
from careloom.settings.tables import Table

L = TypeVar("L", Limits, SearchLimits)


def read_limits(root: Table) -> Limits:
    """The section ``[limits]`` of a settings file; what is wrong with it becomes a complaint."""
    return _ceilings(root, "limits", Limits())


def read_search(root: Table) -> SearchLimits:
    """The section ``[search]`` of a settings file; what is wrong with it becomes a complaint."""
    return _ceilings(root, "search", SearchLimits())


def _ceilings(root: Table, section: str, usual: L) -> L:
    """Each field of the value is a whole number from 1 on."""
    with root.table(section) as table:
        names = [field.name for field in fields(usual)]
        return type(usual)(**{name: table.whole(name, getattr(usual, name), least=1) for name in names})
