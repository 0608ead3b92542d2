"""Careloom: agree on FHIR profiles, exchange records that meet them, tell each other, and prove it.

::

    from careloom import Validator

    issues = Validator().validate({"resourceType": "Patient", "gender": "boy"})
"""

TYPE_CHECKING = False  # type checkers take it for true; importing typing would cost more than all else here
if TYPE_CHECKING:
    from careloom.definitions import Definitions
    from careloom.model import Issue
    from careloom.validation import Options, Report, Validator, validate_text

__version__ = "0.1.0"

__all__ = ["Definitions", "Issue", "Options", "Report", "Validator", "__version__", "validate_text"]

_HOMES = {
    "Definitions": "careloom.definitions",
    "Issue": "careloom.model",
    "Options": "careloom.validation",
    "Report": "careloom.validation",
    "Validator": "careloom.validation",
    "validate_text": "careloom.validation",
}
"""Public name to the package that it is loaded from when first asked for, so that importing this costs nothing."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  (as above)

    return getattr(import_module(_HOMES[name]), name)
