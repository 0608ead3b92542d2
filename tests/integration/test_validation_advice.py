"""The file of advice that the HL7 validator's setting ``advisor`` names."""

from pathlib import Path

import pytest

from careloom.model.errors import NotFoundError
from careloom.validation import Options
from careloom.validation.inputs import options_from


def test_a_file_of_advice_names_messages_by_their_start(tmp_path: Path) -> None:
    file = tmp_path / "advice.json"
    file.write_text('{"suppress": ["Display_Name_for__x@Patient.contact[0]", "cardinality"]}', "utf-8")
    expected = Options(suppressed=("display@Patient.contact[0]", "cardinality"))
    assert options_from({"advisor": str(file)}) == expected


def test_a_file_of_advice_that_is_not_there_is_named() -> None:
    with pytest.raises(NotFoundError, match="advisor: nowhere"):
        options_from({"advisor": "nowhere/advice.json"})
