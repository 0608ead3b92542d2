"""The section ``[conformance]``: what a type must conform to, which is the locality's choice."""

from careloom.settings.forms import CANONICAL, TYPE
from careloom.settings.tables import Table


def read_conformance(root: Table) -> dict[str, tuple[str, ...]]:
    """The section of a settings file: by resource type, canonical URLs of profiles; mistakes become complaints."""
    with root.table("conformance") as conformance:
        for name in conformance.names():
            if not TYPE.fullmatch(name):
                conformance.complain(name, "the name of a resource type expected as the key")
        return {
            name: conformance.texts(name, (), pattern=CANONICAL, form="canonical URLs of profiles")
            for name in conformance.names()
        }
