"""Settings by the names of the HL7 validator."""

from typing import Any

import pytest

from careloom.model.errors import InvalidError
from careloom.validation import Options
from careloom.validation.inputs import options_from


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, Options()),
        ({"examples": "false"}, Options(allow_example_urls=False)),
        ({"examples": False}, Options(allow_example_urls=False)),
        ({"security-checks": True}, Options(check_security=True)),
        ({"best-practice": "Warning"}, Options(best_practice="warning")),
        ({"best-practice": "ignore"}, Options()),
        ({"validateReference": "CHECK_VALID"}, Options(references="valid")),
        ({"validateContains": "IGNORE"}, Options(check_contained=False)),
        ({"wrong-displays": "warning"}, Options(wrong_displays="warning")),
        ({"for-publication": True}, Options(for_publication=True)),
        ({"noHtmlInMarkdown": "true"}, Options(refuse_html=True)),
        ({"language": "de"}, Options(language="de")),
        (
            {"bundle-param": {"rule": "Patient:0", "profile": "http://example.org/p"}},
            Options(entry_profiles=(("Patient:0", "http://example.org/p"),)),
        ),
        (
            {"bundle-param": '[{"rule": "1", "profile": "http://example.org/p"}]'},
            Options(entry_profiles=(("1", "http://example.org/p"),)),
        ),
        ({"fetcher": "standalone"}, Options()),
    ],
)
def test_a_setting_becomes_an_option(settings: dict[str, Any], expected: Options) -> None:
    assert options_from(settings) == expected


def test_a_value_that_a_setting_cannot_have_is_named() -> None:
    with pytest.raises(InvalidError, match="setting wrong-displays: error or warning expected, 'no' found"):
        options_from({"wrong-displays": "no"})


def test_a_rule_for_entries_has_rule_and_profile() -> None:
    with pytest.raises(InvalidError, match="bundle-param: rule and profile expected"):
        options_from({"bundle-param": {"rule": "Patient"}})
