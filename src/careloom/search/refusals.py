"""Searches that are refused whatever the handling: told less strictly they would ask for something else."""

from careloom.model.errors import InvalidError
from careloom.model.issues import Issue


def not_supported(diagnostics: str) -> InvalidError:
    """The error for what this server does not do."""
    return InvalidError(diagnostics, issues=[Issue("error", "not-supported", diagnostics)])


def too_long(diagnostics: str) -> InvalidError:
    """The error for a name or value of too many characters."""
    return InvalidError(diagnostics, issues=[Issue("error", "too-long", diagnostics)])
