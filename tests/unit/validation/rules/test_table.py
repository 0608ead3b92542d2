"""The table of rules names functions that are there."""

import pytest

from careloom.validation.rules import RULES


@pytest.mark.parametrize("type", sorted(RULES))
def test_every_rule_of_the_table_can_be_loaded(type: str) -> None:
    assert RULES[type]
    assert all(map(callable, RULES[type]))


def test_a_type_without_rules_is_not_in_the_table() -> None:
    assert "Patient" not in RULES
    assert RULES.get("Patient", ()) == ()
