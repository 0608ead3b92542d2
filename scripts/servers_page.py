"""Write docs/servers.md, the comparison with eight FHIR servers, out of docs/servers.toml.

python scripts/servers_page.py
"""

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
TABLE, PAGE = DOCS / "servers.toml", DOCS / "servers.md"

HEAD = """# Comparison with eight FHIR servers

What they do was read from their code, documentation and issue trackers in autumn 2026, and may have changed since.
The brackets in each cell name its source, listed at the end.
*doc* is the product's documentation at large, a lead and not a proof.
What Careloom does is what its tests hold it to: see [conformance](conformance.md).
This page is made by `scripts/servers_page.py` out of `docs/servers.toml`.
"""


def page() -> str:
    """The whole page."""
    table = tomllib.loads(TABLE.read_text("utf-8"))
    return (
        HEAD
        + "\n".join(line for section in table["section"] for line in _section(section, table["servers"]))
        + "\n"
        + "\n".join(_sources(table["sources"]))
    )


def _section(section: dict[str, Any], servers: Sequence[str]) -> Iterator[str]:
    yield f"\n## {section['title']}\n"
    yield f"| capability | Careloom | {' | '.join(servers)} |"
    yield "| --- " * (len(servers) + 2) + "|"
    for row in section["rows"]:
        yield f"| {row['name']} | {row.get('careloom', 'not yet')} | {' | '.join(map(_cell, row['cells']))} |"


def _cell(cell: tuple[str, str, Sequence[str]]) -> str:
    answer, remark, sources = cell
    text = ": ".join(part for part in (answer, remark) if part)
    return f"{text} [{', '.join(sources) or '*doc*'}]"


def _sources(sources: dict[str, str]) -> Iterator[str]:
    yield "\n## Sources\n"
    for key, source in sources.items():
        yield f"- **{key}**: {source}"
    yield "- **name#number**: an issue or a pull request of that repository on GitHub\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
