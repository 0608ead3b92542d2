"""The page of the REST API says what the tables say."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_tables_of_the_page_are_those_that_the_hub_runs_by() -> None:
    spec = importlib.util.spec_from_file_location("rest_page", ROOT / "scripts" / "rest_page.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    written = (ROOT / "docs" / "rest.md").read_text("utf-8")
    assert written == script.with_tables(written), "run scripts/rest_page.py"
