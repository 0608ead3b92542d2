"""The rules in force for whole resources, by resource type.

A rule states what the specification says in words about a resource and no invariant expresses. It is a function that
takes the scope of the resource and the check to tell its findings to; adding one is a function and a line here.
"""

from collections.abc import Callable, Mapping

from careloom.validation.context import Check, Scope
from careloom.validation.rules.bundles import check_bundle
from careloom.validation.rules.code_systems import check_code_system
from careloom.validation.rules.documents import check_document
from careloom.validation.rules.measure_reports import check_measure_report
from careloom.validation.rules.messages import check_message
from careloom.validation.rules.questionnaire_responses import check_questionnaire_response
from careloom.validation.rules.questionnaires import check_questionnaire
from careloom.validation.rules.search_parameters import check_search_parameter
from careloom.validation.rules.structure_definitions import check_structure_definition
from careloom.validation.rules.value_sets import check_value_set

Rule = Callable[[Scope, Check], None]

RULES: Mapping[str, tuple[Rule, ...]] = {
    "Bundle": (check_bundle, check_document, check_message),
    "CodeSystem": (check_code_system,),
    "MeasureReport": (check_measure_report,),
    "Questionnaire": (check_questionnaire,),
    "QuestionnaireResponse": (check_questionnaire_response,),
    "SearchParameter": (check_search_parameter,),
    "StructureDefinition": (check_structure_definition,),
    "ValueSet": (check_value_set,),
}
"""Resource type to its rules, in the order in which they are told."""

__all__ = ["RULES", "Rule"]
