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
