"""FHIR packages and what they define: cache, canonical resolution, base types, snapshots."""

from careloom.definitions.cache import Package, PackageCache, PackageId
from careloom.definitions.registry import Definitions
from careloom.definitions.types import ElementInfo, TypeModel, TypeNode

__all__ = [
    "Definitions",
    "ElementInfo",
    "Package",
    "PackageCache",
    "PackageId",
    "TypeModel",
    "TypeNode",
]
