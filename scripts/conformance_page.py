"""Write docs/conformance.md: every capability with the tests that hold Careloom to it, out of docs/conformance.toml.

    python scripts/conformance_page.py
    python scripts/conformance_page.py --tests bad-inputs

The second writes no page, and prints the tests of the section that ``make bad-inputs`` runs, each once.

A test is named as ``tests/contract/test_x.py::test_y`` or, where all of a file is meant, by the file. One that does not
exist is an error. A capability without a test is written down as missing, for that is what it is.
"""

import ast
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "docs" / "conformance.toml"
PAGE = ROOT / "docs" / "conformance.md"

HEAD = """# What Careloom can do, and the tests that say so

This page is made by `scripts/conformance_page.py` out of `docs/conformance.toml`; a test compares the two.
Each line names a capability and the tests that fail when it breaks.
"""


def page() -> str:
    """The whole page.

    Raises:
        SystemExit: A test is named that does not exist.
    """
    sections = _sections()
    missing = [
        test for section in sections for row in section["rows"] for test in row.get("tests", ()) if not exists(test)
    ]
    if missing:
        sys.exit("docs/conformance.toml names tests that do not exist:\n" + "\n".join(missing))
    return HEAD + "".join(line + "\n" for section in sections for line in _section(section))


def tests_of(target: str) -> list[str]:
    """The tests of the sections that a target of the Makefile runs, each once.

    Raises:
        SystemExit: No section names that target.
    """
    rows = [row for section in _sections() if section.get("target") == target for row in section["rows"]]
    if not rows:
        sys.exit(f"docs/conformance.toml: a section with target = {target!r} expected, none found")
    return _least(dict.fromkeys(test for row in rows for test in row.get("tests", ())))


def _least(tests: Iterable[str]) -> list[str]:
    """Tests without those of a file that is among them as a whole."""
    named = [*tests]
    return [test for test in named if "::" not in test or test.partition("::")[0] not in named]


def _sections() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(TABLE.read_text("utf-8"))["section"]
    return found


def exists(test: str) -> bool:
    """Whether there is such a file, with such a function in it if one is named."""
    path, _, name = test.partition("::")
    return (ROOT / path).is_file() and (not name or name in _functions(ROOT / path))


@cache
def _functions(path: Path) -> frozenset[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, kinds))


def _section(section: dict[str, Any]) -> Iterator[str]:
    yield f"\n## {section['title']}\n"
    if "source" in section:
        yield f"Source: {section['source']}.\n"
    if "about" in section:
        yield f"{section['about']}\n"
    if "target" in section:
        yield f"`make {section['target']}` runs the tests of this section, and no others.\n"
    yield "| capability | tests |"
    yield "| --- | --- |"
    for row in section["rows"]:
        yield f"| {row['name']} | {_tests(row)} |"


def _tests(row: dict[str, Any]) -> str:
    names = [_told(test) for test in row.get("tests", ())]
    note = [row["note"]] if "note" in row else []
    return "<br>".join([*(names or ["**missing**"]), *note])


def _told(test: str) -> str:
    path, _, name = test.partition("::")
    return f"`{path.removeprefix('tests/')}`" + (f" {name.removeprefix('test_').replace('_', ' ')}" if name else "")


def main(arguments: list[str]) -> None:
    """Write the page, or print tests."""
    if arguments[:1] == ["--tests"]:
        print("\n".join(tests_of(" ".join(arguments[1:]))))
    else:
        PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
