import pytest

from careloom.rest.messages import FhirRequest
from careloom.rest.preferences import Preferences, preferences


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", Preferences()),
        ("return=minimal", Preferences("minimal")),
        ('return="representation"', Preferences("representation")),
        ("return=OperationOutcome; handling=strict", Preferences("OperationOutcome", strict=True)),
        ("handling=strict, respond-async", Preferences(strict=True, is_async=True)),
        ("handling=lenient", Preferences()),
        ("return=everything", Preferences()),
        ("return=presentation", Preferences("representation")),
        ("respond-async", Preferences(is_async=True)),
        ("return = minimal", Preferences("minimal")),
        ("Return=OPERATIONOUTCOME, Handling=Strict; Respond-Async", Preferences("OperationOutcome", True, True)),
    ],
)
def test_what_is_preferred_is_read_and_the_rest_ignored(header: str, expected: Preferences) -> None:
    assert preferences(FhirRequest("x", "GET", "x", headers={"prefer": header})) == expected
