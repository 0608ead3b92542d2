"""The script that fetches front-end files, as far as it needs no network."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "fetch_assets.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    found = importlib.util.spec_from_file_location("fetch_assets", SCRIPT)
    assert found and found.loader
    module = importlib.util.module_from_spec(found)
    sys.modules["fetch_assets"] = module  # dataclasses look their module up
    found.loader.exec_module(module)
    return module


def test_a_style_sheet_asks_nothing_of_the_network(script: ModuleType) -> None:
    text = (
        b"@font-face{font-family:Frutiger W01;src:url(https://assets.nhs.uk/f.woff2)}a{font-family:Frutiger W01,arial}"
    )
    assert script.prepared("x.css", text) == b"a{font-family:arial}"


def test_a_style_sheet_that_would_still_ask_is_refused(script: ModuleType) -> None:
    with pytest.raises(ValueError, match="still asks for"):
        script.prepared("x.css", b"a{background:url('//cdn.example/x.png')}")


def test_a_script_stays_as_it_is(script: ModuleType) -> None:
    assert script.prepared("htmx.js", b"@font-face{}") == b"@font-face{}"


def test_a_file_that_is_not_the_pinned_one_is_refused(script: ModuleType) -> None:
    with pytest.raises(ValueError, match="SHA-256 0000 expected"):
        script.checked(script.File("x.js", "package/x.js", "0000"), b"something else")


def test_both_sources_give_the_same_files(script: ModuleType) -> None:
    def names(packages: object) -> set[str]:
        return {file.name for package in packages for file in package.files}  # type: ignore[attr-defined]

    assert names(script.NPM_PACKAGES) == names(script.PYPI_PACKAGES) == {"nhsuk-frontend.css", "htmx.js", "hx-sse.js"}


def test_every_file_is_pinned_by_a_whole_hash(script: ModuleType) -> None:
    packages = (*script.NPM_PACKAGES, *script.PYPI_PACKAGES)
    assert all(len(file.sha256) == 64 for package in packages for file in package.files)
