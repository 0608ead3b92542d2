from careloom.validation.path import Path, path_text


def test_a_path_is_told_as_fhirpath() -> None:
    path: Path = ((((None, "Patient"), "name"), 0), "given")
    assert path_text((path, 1)) == "Patient.name[0].given[1]"


def test_no_path_is_the_empty_text() -> None:
    assert path_text(None) == ""
