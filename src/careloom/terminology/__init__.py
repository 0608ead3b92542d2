"""Value sets and code systems: expansion, membership, and what a code means."""

from careloom.terminology.content import CodeSystemContent, Concept
from careloom.terminology.formal import FORMAL_SYSTEMS
from careloom.terminology.terminology import CodeResult, Expansion, Terminology

__all__ = [
    "FORMAL_SYSTEMS",
    "CodeResult",
    "CodeSystemContent",
    "Concept",
    "Expansion",
    "Terminology",
]
