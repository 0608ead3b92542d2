import pytest

from careloom.definitions.versions import newest_match, version_matches, version_order


def test_versions_sort_as_numbers_and_labels_before_their_release() -> None:
    versions = ["1.10.0", "1.9.0", "1.10.0-ballot", "2.0"]
    assert sorted(versions, key=version_order) == ["1.9.0", "1.10.0-ballot", "1.10.0", "2.0"]


@pytest.mark.parametrize(("version", "asked", "expected"), [("1.2.3", "1.2", True), ("1.20", "1.2", False)])
def test_a_version_matches_by_whole_parts(version: str, asked: str, expected: bool) -> None:
    assert version_matches(version, asked) is expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("latest", "2.1.0"), ("1.x", "1.10.0"), ("1.9.x", "1.9.4"), ("2.1.0", "2.1.0"), ("3.x", None), ("3.0.0", None)],
)
def test_an_open_version_takes_the_newest_release(asked: str, expected: str | None) -> None:
    assert newest_match(["1.9.4", "1.10.0", "2.1.0", "3.0.0-snapshot"], asked) == expected
