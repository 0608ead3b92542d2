"""The page on settings: its table has every key that a settings file may have, with the default that it has."""

import re
import tomllib
from pathlib import Path
from typing import Any

from careloom.settings.complaints import Complaints
from careloom.settings.load import read_sections
from careloom.settings.tables import Table

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"

EVERY_SECTION = """
[hub]
base_url = "https://hub.example/fhir"
[http.console]
[terminology.server]
[conformance]
TYPE = []
[[organisations]]
[[clients]]
[[agreements]]
[[mllp]]
[mesh.mailboxes]
MAILBOX = "client"
[nats]
[[topics]]
"""


def known(folder: Path) -> dict[str, Any]:
    """Every key with its default, as the code asks for them; tables are left out."""
    complaints = Complaints(folder / "careloom.toml")
    read_sections(Table(tomllib.loads(EVERY_SECTION), "", complaints))
    keys = {re.sub(r"\[\d+\]", "", key): default for key, default in complaints.known.items()}
    return {key: default for key, default in keys.items() if "." in key and not isinstance(default, dict)}


def rows() -> dict[str, str]:
    """The table of the page: key to what stands as its default."""
    table = PAGE.read_text("utf-8").split("## Every key")[1].split("\n## ")[0]
    return {key: default for key, default, _ in re.findall(r"^\| `([^`]+)` \| (.+?) \| (.+) \|$", table, re.M)}


def test_the_page_has_every_key_and_no_other(tmp_path: Path) -> None:
    assert sorted(known(tmp_path)) == sorted(rows())


def test_what_is_required_is_said_to_be(tmp_path: Path) -> None:
    required = {key for key, default in known(tmp_path).items() if default is None}
    assert required - {"mesh.mailboxes.MAILBOX"} == {key for key, default in rows().items() if default == "required"}


def test_the_defaults_of_the_page_are_those_of_the_code(tmp_path: Path) -> None:
    written = {
        key: tomllib.loads(f"it = {default.strip('`')}")["it"] for key, default in rows().items() if "`" == default[0]
    }
    usual = known(tmp_path)
    assert written == {key: _plain(usual[key]) for key in written}


def test_every_number_and_flag_stands_there_as_one_would_write_it(tmp_path: Path) -> None:
    plain = {key for key, default in known(tmp_path).items() if isinstance(default, int | float)}
    assert plain - {"hub.port"} <= {key for key, default in rows().items() if default.startswith("`")}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
