"""Changing a part of a resource: JSON Patch, merge patch and FHIRPath Patch, as functions from JSON to JSON."""

from careloom.rest.patching.fhirpath_patch import apply_fhirpath_patch
from careloom.rest.patching.json_patch import apply_json_patch
from careloom.rest.patching.merge_patch import apply_merge_patch

__all__ = ["apply_fhirpath_patch", "apply_json_patch", "apply_merge_patch"]
