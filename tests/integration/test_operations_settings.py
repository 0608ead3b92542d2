"""``[operations]`` of the settings: a locality's own weights, and its folder for imports."""

from pathlib import Path

import pytest

from careloom.model.errors import CareloomError, InvalidError
from careloom.rest.operations.matching import read_table, usual_table
from careloom.rest.operations.matching import table as table_module
from careloom.settings import load_settings

USUAL = Path(table_module.__file__).with_name("weights.toml").read_text()


def settings(folder: Path, section: str = "") -> Path:
    file = folder / "careloom.toml"
    file.write_text(f'[hub]\nbase_url = "http://hub.example/fhir"\n{section}')
    return file


def test_without_the_section_the_usual_weights_hold_and_no_file_is_imported(tmp_path: Path) -> None:
    found = load_settings(settings(tmp_path), {}).operations
    assert (usual_table(), None) == (found.matching, found.import_folder)


def test_locality_names_weights_and_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(USUAL.replace("100_000", "5_000"))
    section = '[operations]\nmatching = "own.toml"\nimport_folder = "in"\n'
    found = load_settings(settings(tmp_path, section), {}).operations
    assert (5_000, tmp_path / "in") == (found.matching.population, found.import_folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("population = 100_000", "population = 1", "population: a whole number from 2 expected, found 1"),
        ("certain = 0.9999", "certain = 0.5", "possible <= probable <= certain"),
        ("certain = 0.9999", "certain = 1.0", "certain < 1"),
        ("family = {", "surname = {", "found 'surname'"),
        ("close = 4.0, different = -4.0", "near = 4.0", "weights.family: numbers"),
        ("gender = { same = 1.0,", 'gender = { same = "much",', "weights.gender: numbers"),
        ("[certain]", "[sure]", "certain missing; sure not known"),
        ('agree_on = ["family"', 'agree_on = ["shoe"', "deterministic.agree_on: out of"),
        ("[weights]", "[weights", "not TOML"),
    ],
    ids=["population", "order", "one", "field", "agreement", "text", "section", "name", "toml"],
)
def test_table_that_is_wrong_is_told_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in USUAL
    (tmp_path / "own.toml").write_text(USUAL.replace(old, new, 1))
    with pytest.raises(CareloomError, match=r"own\.toml") as caught:
        read_table(tmp_path / "own.toml")
    assert message in str(caught.value)
    with pytest.raises(InvalidError, match=r"operations\.matching"):
        load_settings(settings(tmp_path, '[operations]\nmatching = "own.toml"\n'), {})
