"""Specimens: one made-up resource for each type and profile, valid as far as anybody can tell."""

from random import Random

from tests.mutants.ground import Ground
from tests.mutants.original import Original

from careloom.model.issues import Issue

_ATTEMPTS = 60
_MEANING = frozenset(
    [
        *("bundle", "code", "concept-map", "content", "document", "enable-when", "initial", "message", "operation"),
        *("measure", "property", "search-parameter", "slicing", "supplement"),
    ]
)
"""Rules about what several parts mean together, which chance does not meet."""


def specimen(ground: Ground, canonical: str, *, seed: int) -> Original | None:
    """The fullest of several specimens of a type or profile that breaks no invariant; None when all do.

    A specimen that breaks a rule of another kind is given out as well: either it is wrongly made or wrongly judged,
    and the law that originals are valid tells of it.
    """
    for attempt in range(_ATTEMPTS):
        random = Random(f"{seed}/{canonical}/{attempt}")
        resource = ground.filler.resource(canonical, random, density=0.6 * (1 - attempt / (_ATTEMPTS - 1)))
        made = Original(f"specimen of {canonical}", resource, canonical, "specimens")
        errors = ground.errors(made)
        if not errors or any(not _is_bad_luck(issue, canonical) for issue in errors):
            return made
    return None


def _is_bad_luck(issue: Issue, canonical: str) -> bool:
    """Whether a rule that chance does not meet is broken, or that of a profile that applies unasked."""
    is_of_other = issue.profile.partition("|")[0] not in ("", canonical)
    return issue.code == "invariant" or issue.rule in _MEANING or is_of_other
