"""The rules in force for whole resources, by resource type.

A rule states what the specification says in words about a resource and no invariant expresses. It is a function that
takes the scope of the resource and the check to tell its findings to; adding one is a function and a line here.
"""

from collections.abc import Callable, Mapping

from careloom.validation.context import Check, Scope
from careloom.validation.rules.bundles import check_bundle
from careloom.validation.rules.capability_statements import check_capability_statement
from careloom.validation.rules.code_systems import check_code_system
from careloom.validation.rules.concept_maps import check_concept_map
from careloom.validation.rules.definition_elements import check_definition_elements
from careloom.validation.rules.differentials import check_differential
from careloom.validation.rules.documents import check_document
from careloom.validation.rules.element_definitions import check_element_definitions
from careloom.validation.rules.entry_profiles import check_entry_profiles
from careloom.validation.rules.extension_definitions import check_extension_definition
from careloom.validation.rules.measure_reports import check_measure_report
from careloom.validation.rules.measures import check_measure
from careloom.validation.rules.messages import check_message
from careloom.validation.rules.operation_definitions import check_operation_definition
from careloom.validation.rules.questionnaire_initials import check_questionnaire_initials
from careloom.validation.rules.questionnaire_responses import check_questionnaire_response
from careloom.validation.rules.questionnaires import check_questionnaire
from careloom.validation.rules.report_populations import check_report_populations
from careloom.validation.rules.search_expressions import check_search_expressions
from careloom.validation.rules.search_parameters import check_search_parameter
from careloom.validation.rules.structure_definitions import check_structure_definition
from careloom.validation.rules.value_set_codes import check_value_set_codes
from careloom.validation.rules.value_sets import check_value_set

Rule = Callable[[Scope, Check], None]

RULES: Mapping[str, tuple[Rule, ...]] = {
    "Bundle": (check_bundle, check_document, check_message, check_entry_profiles),
    "CapabilityStatement": (check_capability_statement,),
    "CodeSystem": (check_code_system,),
    "ConceptMap": (check_concept_map,),
    "Measure": (check_measure,),
    "MeasureReport": (check_measure_report, check_report_populations),
    "OperationDefinition": (check_operation_definition,),
    "Questionnaire": (check_questionnaire, check_questionnaire_initials),
    "QuestionnaireResponse": (check_questionnaire_response,),
    "SearchParameter": (check_search_parameter, check_search_expressions),
    "StructureDefinition": (
        check_structure_definition,
        check_differential,
        check_element_definitions,
        check_definition_elements,
        check_extension_definition,
    ),
    "ValueSet": (check_value_set, check_value_set_codes),
}
"""Resource type to its rules, in the order in which they are told."""

__all__ = ["RULES", "Rule"]
