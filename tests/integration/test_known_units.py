"""Units that were found right are known to the next run, and wrong ones to nobody."""

from pathlib import Path

from careloom.definitions.kept import KeptFolder
from careloom.terminology.formal.known_units import KnownUnits


def test_the_next_run_knows_what_this_one_found_right(tmp_path: Path) -> None:
    known(tmp_path, "mm[Hg]")
    known(tmp_path, "mg/dL")
    later = KnownUnits()
    later.recall(KeptFolder(tmp_path))
    assert "mm[Hg]" in later
    assert "mg/dL" in later
    assert "mmHg" not in later


def test_without_a_folder_they_are_known_to_this_run_alone() -> None:
    units = KnownUnits()
    units.recall(KeptFolder(None))
    units.add("mg")
    units.keep()
    assert "mg" in units


def known(folder: Path, code: str) -> None:
    units = KnownUnits()
    units.recall(KeptFolder(folder))
    assert code not in units
    units.add(code)
    units.keep()
