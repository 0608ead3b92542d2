"""Merge patch: an object that looks like what it changes.

Source: RFC 7396.
"""

from typing import Any


def apply_merge_patch(document: Any, patch: Any) -> Any:
    """The document with what the patch has in its place; null takes away. Neither is changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = apply_merge_patch(merged.get(key), value)
    return merged
