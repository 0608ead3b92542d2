"""The rules in force for whole resources, by resource type.

A rule states what the specification says in words about a resource and no invariant expresses. It is a function that
takes the scope of the resource and the check to tell its findings to; adding one is a function and a line here.
"""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module

from careloom.validation.context import Check, Scope

Rule = Callable[[Scope, Check], None]

_TABLE: Mapping[str, tuple[str, ...]] = {
    "Bundle": (
        "bundles:check_bundle",
        "documents:check_document",
        "messages:check_message",
        "entry_profiles:check_entry_profiles",
    ),
    "CapabilityStatement": ("canonical_urls:check_canonical_url", "capability_statements:check_capability_statement"),
    "CodeSystem": ("canonical_urls:check_canonical_url", "code_systems:check_code_system"),
    "ConceptMap": ("canonical_urls:check_canonical_url", "concept_maps:check_concept_map"),
    "Measure": ("canonical_urls:check_canonical_url", "measures:check_measure"),
    "MeasureReport": ("measure_reports:check_measure_report", "measure_reports:check_report_populations"),
    "OperationDefinition": ("canonical_urls:check_canonical_url", "operation_definitions:check_operation_definition"),
    "Questionnaire": (
        "canonical_urls:check_canonical_url",
        "questionnaires:check_questionnaire",
        "questionnaires:check_questionnaire_initials",
    ),
    "QuestionnaireResponse": ("questionnaire_responses:check_questionnaire_response",),
    "SearchParameter": (
        "canonical_urls:check_canonical_url",
        "search_parameters:check_search_parameter",
        "search_parameters:check_search_expressions",
    ),
    "StructureDefinition": (
        "canonical_urls:check_canonical_url",
        "structure_definitions:check_structure_definition",
        "slicing_definitions:check_slicings",
        "extension_definitions:check_extension_definition",
    ),
    "ValueSet": (
        "canonical_urls:check_canonical_url",
        "value_sets:check_value_set",
        "value_sets:check_value_set_codes",
    ),
}
"""Resource type to its rules, as module and function, in the order in which they are told."""


class _Rules(Mapping[str, tuple[Rule, ...]]):
    """The table with its functions, which are loaded when a resource of their type is met."""

    def __init__(self) -> None:
        self._loaded: dict[str, tuple[Rule, ...]] = {}

    def __getitem__(self, type: str) -> tuple[Rule, ...]:
        if type not in self._loaded:
            self._loaded[type] = tuple(map(_loaded, _TABLE[type]))
        return self._loaded[type]

    def __contains__(self, type: object) -> bool:
        return type in _TABLE

    def __iter__(self) -> Iterator[str]:
        return iter(_TABLE)

    def __len__(self) -> int:
        return len(_TABLE)


def _loaded(home: str) -> Rule:
    module, _, name = home.partition(":")
    rule: Rule = getattr(import_module(f"{__package__}.{module}"), name)
    return rule


RULES: Mapping[str, tuple[Rule, ...]] = _Rules()
"""Resource type to its rules."""

__all__ = ["RULES", "Rule"]
