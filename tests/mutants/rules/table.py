"""The rules in force, in the order of the report."""

from tests.mutants.rules.cardinality import choice_twice, drop_required, forbidden, second_value
from tests.mutants.rules.extensions import (
    altered_extension,
    bad_extension,
    misplaced_extension,
    misplaced_modifier,
)
from tests.mutants.rules.invariants import broken_invariant
from tests.mutants.rules.structure import bad_primitive, empty, unknown_element, unknown_resource, wrong_json_type
from tests.mutants.rules.values import (
    crowded_slice,
    missing_slice,
    outside_binding,
    stray_item,
    wrong_fixed,
    wrong_target,
)
from tests.mutants.rules.workshop import Break

RULES: tuple[Break, ...] = (
    drop_required,
    second_value,
    forbidden,
    choice_twice,
    unknown_element,
    unknown_resource,
    wrong_json_type,
    bad_primitive,
    empty,
    outside_binding,
    wrong_fixed,
    missing_slice,
    crowded_slice,
    stray_item,
    wrong_target,
    broken_invariant,
    bad_extension,
    altered_extension,
    misplaced_extension,
    misplaced_modifier,
)
