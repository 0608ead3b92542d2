"""Audit records of what was read or refused: how long their commits are put off, see `careloom.governance.Ledger`."""

from typing import Final

from careloom.governance import Ledger
from careloom.store import Repository, Returning

MOST: Final = 256
"""Requests whose records go into one commit."""


def ledger_of(repository: Repository) -> Ledger:
    """Where requests leave their audit records; those of a client that has gone are written like any other."""
    return Ledger(repository, Returning(), most=MOST)
