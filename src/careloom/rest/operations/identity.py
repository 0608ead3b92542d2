"""Identities that follow from what they identify, so that the same thing made twice is known to be the same."""

from typing import Final
from uuid import UUID

NAMESPACE: Final = UUID("6f1d2c0e-7a54-5b0e-9d3c-5f6f6a1b8f10")
"""Of the name-based UUIDs that operations make (RFC 4122, version 5); it must never change."""
