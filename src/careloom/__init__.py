"""Careloom: agree on FHIR profiles, exchange records that meet them, tell each other, and prove it."""

__version__ = "0.1.0"
