import pytest

from careloom.governance.purposes import PURPOSES, purpose_code, purpose_concept
from careloom.model.errors import InvalidError


@pytest.mark.parametrize("text", ["", "FUN", "treat", "TREAT ", "http://example.org#TREAT", "PurposeOfUse"])
def test_what_is_no_purpose_of_use_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="purpose of use"):
        purpose_code(text)


@pytest.mark.parametrize("code", PURPOSES)
def test_a_code_is_its_own_code_and_has_a_display(code: str) -> None:
    assert purpose_code(code) == code
    assert purpose_concept(code)["coding"][0]["display"]
