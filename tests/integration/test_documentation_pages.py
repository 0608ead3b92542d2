"""The pages that scripts write are what the scripts write now."""

from pathlib import Path

import pytest
from scripts import conformance_page, servers_page

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("name", "page"), [("conformance.md", conformance_page.page), ("servers.md", servers_page.page)], ids=["c", "s"]
)
def test_a_page_is_what_its_script_writes(name: str, page: object) -> None:
    assert callable(page)
    assert page() == (DOCS / name).read_text("utf-8")


def test_what_a_target_runs_is_named_there_and_run_once() -> None:
    tests = conformance_page.tests_of("bad-inputs")
    assert len(tests) == len(set(tests))
    assert all(conformance_page.exists(test) for test in tests)
    assert not [test for test in tests if "::" in test and test.partition("::")[0] in tests]


def test_a_target_that_no_section_names_is_refused() -> None:
    with pytest.raises(SystemExit, match="target = 'none'"):
        conformance_page.tests_of("none")


def test_every_row_that_a_target_runs_has_a_test() -> None:
    sections = [each for each in conformance_page._sections() if "target" in each]
    assert sections
    assert [] == [row["name"] for section in sections for row in section["rows"] if not row.get("tests")]
