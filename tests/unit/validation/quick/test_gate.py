import subprocess
import sys
from dataclasses import replace

import pytest

from careloom.definitions import Definitions
from careloom.validation import Validator
from careloom.validation.options import Options
from careloom.validation.quick.gate import fits


def test_the_tier_judges_by_the_options_that_callers_leave_alone() -> None:
    assert fits(Options())


@pytest.mark.parametrize(
    "options",
    [
        replace(Options(), best_practice="warning"),
        replace(Options(), references="exist"),
        replace(Options(), check_security=True),
        replace(Options(), allow_example_urls=False),
        replace(Options(), check_contained=False),
        replace(Options(), refuse_experimental=True),
    ],
)
def test_any_option_that_changes_a_check_leaves_all_to_the_interpreter(options: Options) -> None:
    assert not fits(options)


def test_what_is_no_resource_is_left_to_the_interpreter(definitions: Definitions) -> None:
    validator = Validator(definitions)

    for _ in range(3):
        assert validator.validate({"resourceType": ["Patient"]})
        assert validator.validate({})


def test_the_tier_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, careloom.validation; sys.exit('careloom.validation.quick.judges' in sys.modules)"

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode
