"""The quick tier of the validator: generated code that may only say "fine" or "look closer"."""

from careloom.validation.quick.gate import QuickGate

__all__ = ["QuickGate"]
