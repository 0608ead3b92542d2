"""Value sets and code systems: expansion, membership, and what a code means."""

from careloom.terminology.concept import Concept, Designation, Property
from careloom.terminology.content import CodeSystemContent
from careloom.terminology.expansion import Entry, Expansion, ExpansionRequest
from careloom.terminology.formal import FORMAL_SYSTEMS
from careloom.terminology.ports import CodeSystems, RemoteTerminology
from careloom.terminology.results import CodeResult, how_to_supply
from careloom.terminology.terminology import Terminology
from careloom.terminology.versions import SystemVersions

__all__ = [
    "FORMAL_SYSTEMS",
    "CodeResult",
    "CodeSystemContent",
    "CodeSystems",
    "Concept",
    "Designation",
    "Entry",
    "Expansion",
    "ExpansionRequest",
    "Property",
    "RemoteTerminology",
    "SystemVersions",
    "Terminology",
    "how_to_supply",
]
