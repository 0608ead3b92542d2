"""The rules in force for whole resources, by resource type.

A rule states what the specification says in words about a resource and no invariant expresses. It is a function that
takes the scope of the resource and the check to tell its findings to; adding one is a function and a line here.
"""

from collections.abc import Callable, Mapping

from careloom.validation.context import Check, Scope
from careloom.validation.rules.bundles import check_bundle
from careloom.validation.rules.documents import check_document
from careloom.validation.rules.questionnaire_responses import check_questionnaire_response
from careloom.validation.rules.questionnaires import check_questionnaire

Rule = Callable[[Scope, Check], None]

RULES: Mapping[str, tuple[Rule, ...]] = {
    "Bundle": (check_bundle, check_document),
    "Questionnaire": (check_questionnaire,),
    "QuestionnaireResponse": (check_questionnaire_response,),
}
"""Resource type to its rules, in the order in which they are told."""

__all__ = ["RULES", "Rule"]
