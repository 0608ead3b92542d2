"""What the documentation names is there: links, commands, settings, Python, figures, variables, files; and the reverse.

`test_settings_page.py` holds the table of settings, `tests/integration/test_tutorial.py` runs the tutorial.
"""

import ast
import builtins
import importlib
import json
import re
import shlex
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App

from careloom.cli.main import app
from careloom.connectathon.scenario_file import read_scenario
from careloom.connectors.hl7v2 import load_tables
from careloom.governance import jwks, new_key
from careloom.notify import STANDARD_TOPICS, extensions
from careloom.notify.metrics import NotifyMetrics
from careloom.rest.metrics import Metrics
from careloom.settings.complaints import Complaints
from careloom.settings.contradictions import contradictions
from careloom.settings.load import read_sections
from careloom.settings.tables import Table
from careloom.validation.batch.ignoring import read_ignore_file
from careloom.validation.inputs import SETTINGS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted(DOCS.glob("*.md"))]
TEXTS = {page: page.read_text("utf-8") for page in PAGES}

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")


def blocks(language: str) -> list[tuple[str, str]]:
    """The blocks of code in a language, each with the name of its page."""
    return [
        (page.name, code) for page, text in TEXTS.items() for found, code in _FENCE.findall(text) if found == language
    ]


def prose(text: str) -> str:
    """A page without its blocks of code."""
    return _FENCE.sub("", text)


@cache
def code() -> list[tuple[str, str]]:
    """Every line of a block and every span of code, with the name of its page."""
    return [
        (page.name, line)
        for page, text in TEXTS.items()
        for line in (
            *(line for _, block in _FENCE.findall(text) for line in block.splitlines()),
            *_SPAN.findall(prose(text)),
        )
    ]


# links


def test_every_link_leads_to_a_page_and_a_heading() -> None:
    assert [] == [
        f"{page.relative_to(ROOT)}: {link}"
        for page in [*PAGES, *sorted(DOCS.glob("decisions/*.md"))]
        for link in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text("utf-8")))
        if not link.startswith("http") and not _is_there(page, link)
    ]


def _is_there(page: Path, link: str) -> bool:
    address, _, anchor = link.partition("#")
    target = (page.parent / address).resolve() if address else page
    return target.exists() and (not anchor or anchor in _anchors(target))


@cache
def _anchors(page: Path) -> frozenset[str]:
    headings = re.findall(r"^#+ (.+)$", prose(page.read_text("utf-8")), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


# commands


@cache
def commands() -> dict[tuple[str, ...], frozenset[str]]:
    """Each command with the options it has, as they are given by name; groups of commands have none."""
    return dict(_commands(app, ()))


def _commands(group: App, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], frozenset[str]]]:
    for name in group:
        if not name.startswith("-"):
            yield (*above, name), _options(group[name])
            yield from _commands(group[name], (*above, name))


def _options(command: App) -> frozenset[str]:
    if command.default_command is None:
        return frozenset()
    named = [each for each in command.assemble_argument_collection() if each.field_info.kind.name == "KEYWORD_ONLY"]
    return frozenset(name for each in named for name in each.names if name.startswith("--") and name[:5] != "--no-")


def calls() -> Iterator[tuple[str, tuple[str, ...], set[str]]]:
    """Each time that a page writes a command: the page, the command, the options."""
    for page, line in code():
        if written := re.search(r"(?:^|\$ |- run: |/)careloom ([a-z](?:(?! [#>|]).)*)", line):
            words = [word.strip("[],") for word in shlex.split(written[1])]
            name = tuple(words[: 1 if _is_one(words[0]) else 2])
            yield page, name, {word for word in words if word.startswith("--")}


def _is_one(name: str) -> bool:
    """Whether a command has no others below it."""
    return not any(len(each) > 1 and each[0] == name for each in commands())


def test_every_command_and_option_that_a_page_writes_is_there() -> None:
    found = list(calls())
    assert [] == [(page, name) for page, name, _ in found if name not in commands()]
    assert [] == [(page, name, options) for page, name, options in found if not options <= commands()[name]]
    assert len({name for _, name, _ in found}) > 20


def test_every_command_and_option_is_on_a_page() -> None:
    texts = [" ".join(line for page, line in code() if page == name) for name in {page for page, _ in code()}]
    told = {group: words_beside(group, texts) for group in {name[0] for name in commands()}}
    words = [(" ".join(name), word) for name, options in commands().items() for word in (name[-1], *sorted(options))]
    assert [] == [(name, word) for name, word in words if word not in told[name.split()[0]]]


def words_beside(command: str, texts: list[str]) -> set[str]:
    """The words in the code of the pages that write a command, or one of its group."""
    return {word for text in texts if f"careloom {command}" in text for word in re.findall(r"[\w-]+", text)}


# settings and other files


FILLERS = {
    "organisations": [{"id": id, "name": id} for id in ("acute", "gp", "shared-care")],
    "clients": [
        {"id": id, "organisation": "acute", "jwks": "public.json", "scopes": ["system/*.cruds"]}
        for id in ("acute-epr", "operations")
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the snippets name."""
    (tmp_path / "public.json").write_text(json.dumps(jwks([new_key().public])))
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "record.password").write_text("secret")
    weights = ROOT / "src" / "careloom" / "rest" / "operations" / "matching" / "weights.toml"
    (tmp_path / "matching.toml").write_bytes(weights.read_bytes())
    (tmp_path / "adt.toml").write_text(next(code for _, code in blocks("toml") if code.startswith("[authorities]")))
    return tmp_path


SNIPPETS = [(page, code) for page, code in blocks("toml") if page not in ("settings.md", "tutorial-subscriber.md")]


@pytest.mark.parametrize(("page", "snippet"), SNIPPETS, ids=[f"{page}-{n}" for n, (page, _) in enumerate(SNIPPETS)])
def test_every_snippet_in_toml_is_understood(page: str, snippet: str, folder: Path) -> None:
    values = tomllib.loads(snippet)
    file = folder / "snippet.toml"
    file.write_text(snippet)
    if "ignore" in values:
        assert len(read_ignore_file(file)) == len(values["ignore"])
    elif "authorities" in values:
        assert load_tables(file) is not load_tables()
    elif "triggers" in values.get("topics", [{}])[0]:
        (folder / "topics").mkdir()
        file.rename(folder / "topics" / "snippet.toml")
        read_settings({"notify": {"topics": ["topics"]}}, folder)
    else:
        read_settings(values, folder)


def read_settings(values: dict[str, Any], folder: Path) -> None:
    """Read settings, with what a snippet leaves out."""
    hub = {"base_url": "https://hub.example/fhir"} | values.get("hub", {})
    complaints = Complaints(folder / "careloom.toml")
    with Table(FILLERS | values | {"hub": hub}, "", complaints) as root:
        settings = read_sections(root)
    complaints.raise_if_any()
    assert [] == list(contradictions(settings))


def test_every_scenario_can_be_read(tmp_path: Path) -> None:
    scenarios = [(page, code) for page, code in blocks("yaml") if code.startswith("id:")]
    assert ["discharge-to-gp"] == [read_scenario(code, file=page, folder=tmp_path).id for page, code in scenarios]


def test_every_block_of_json_is_json() -> None:
    for page, text in blocks("json"):
        assert json.loads(text if text.startswith(("{", "[")) else f"{{{text}}}"), page


# Python

HANDED_IN = {
    "connectors.md": {"SECRET", "fetch_with_token"},
    "definitions.md": {"our_profile"},
    "fhirpath.md": {"patient"},
}
"""Names that a page uses and leaves to its reader."""

PYTHON_PAGES = sorted({page for page, _ in blocks("python")} - {"tutorial-subscriber.md"})


@pytest.mark.parametrize("page", PYTHON_PAGES)
def test_every_block_of_python_uses_what_there_is(page: str) -> None:
    module = ast.parse("".join(text for name, text in blocks("python") if name == page))
    for imported in (node for node in ast.walk(module) if isinstance(node, ast.ImportFrom) and node.module):
        source = importlib.import_module(str(imported.module))
        assert [] == [each.name for each in imported.names if not hasattr(source, each.name)], imported.module
    names = {(node.id, isinstance(node.ctx, ast.Load)) for node in ast.walk(module) if isinstance(node, ast.Name)}
    used = {name for name, is_used in names if is_used} - set(dir(builtins))
    assert used - _bound(module) - {name for name, is_used in names if not is_used} == HANDED_IN.get(page, set())


def _bound(module: ast.Module) -> set[str]:
    """What imports, definitions, arguments and handlers name."""
    found: set[str | None] = set()
    for node in ast.walk(module):
        match node:
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                found |= {each.asname or each.name for each in names}
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.ExceptHandler():
                found.add(node.name)
            case ast.arg():
                found.add(node.arg)
    return {name for name in found if name}


# names


def test_every_figure_is_told_and_no_other() -> None:
    metrics = Metrics()
    NotifyMetrics(metrics.registry)
    there = {each.name + ("_total" if each.type == "counter" else "") for each in metrics.registry.collect()}
    assert there == {name for _, line in code() for name in re.findall(r"\bcareloom_[a-z_]+", line)}


def test_every_topic_that_comes_with_the_hub_is_told_and_no_other() -> None:
    told = TEXTS[DOCS / "notify.md"].split("| topic | tells that |")[1].split("\n\n")[0]
    names = [name for row in told.splitlines()[2:] for name in _SPAN.findall(row.split("|")[1])]
    assert sorted(names) == sorted(topic.url.rpartition("/")[2] for topic in STANDARD_TOPICS)


def test_every_setting_of_the_validator_is_told_and_no_other() -> None:
    told = TEXTS[DOCS / "validation.md"].split("\nSettings are ")[1].split("\n")[0]
    assert _SPAN.findall(told) == list(SETTINGS)


def test_every_extension_of_a_channel_is_known() -> None:
    told = TEXTS[DOCS / "notify.md"].split("| extension | says | bounds |")[1].split("\n\n")[0]
    names = {row.split("`")[1] for row in told.splitlines()[2:]}
    known = {str(value).rpartition("/")[2] for value in vars(extensions).values() if isinstance(value, str)}
    assert names and names <= known


def test_every_variable_of_the_environment_is_told_and_no_other() -> None:
    variable = re.compile(r"\bCARELOOM_[A-Z_]*[A-Z]\b")

    def variables(files: Iterable[Path]) -> set[str]:
        return {name for file in files for name in variable.findall(file.read_text("utf-8"))}

    told = variables(PAGES) - {"CARELOOM_EVENTS"}  # which is a workflow of MESH
    ours = variables((ROOT / "src").rglob("*.py"))
    of_tests = variables([ROOT / "Makefile", *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")])
    assert (set(), set()) == (ours - told, told - ours - of_tests)


def test_every_target_of_make_is_there() -> None:
    there = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {name for _, line in code() for name in re.findall(r"(?:^|\$ |&& |… )make ([a-z-]+)", line)}
    assert named and named <= there


def test_every_file_that_is_named_from_the_root_or_from_the_package_is_there() -> None:
    package = ROOT / "src" / "careloom"
    rooms = "|".join(sorted(room.name for room in package.iterdir() if (room / "__init__.py").exists()))
    path = re.compile(rf"(?<![\w/.<-])(?:tests|scripts|benchmarks|demo|docs|src|changelog\.d|{rooms})/[\w./-]*[\w/]")
    places = [(page, name, (ROOT / name, package / name)) for page, line in code() for name in path.findall(line)]
    assert [] == [(page, name) for page, name, found in places if not any(map(_file_or_module, found))]


def _file_or_module(path: Path) -> bool:
    return path.exists() or path.with_suffix(".py").exists()


def test_every_module_that_is_named_alone_is_there() -> None:
    there = {file.name for folder in ("src", "tests", "benchmarks") for file in (ROOT / folder).rglob("*.py")}
    named = {(page, name) for page, line in code() for name in re.findall(r"(?<![\w/.*])\w+\.py\b", line)}
    assert set() == {(page, name) for page, name in named if name not in there and page != "tutorial-subscriber.md"}


def test_every_benchmark_and_its_options_are_there() -> None:
    ran = re.compile(r"python (?:-m (benchmarks\.\w+)|(benchmarks/\w+)\.py)(.*)")
    for page, line in code():
        for module, file, rest in ran.findall(line):
            source = (ROOT / f"{(module or file).replace('.', '/')}.py").read_text("utf-8")
            assert [] == [name for name in re.findall(r"--[\w-]+", rest) if f'"{name}"' not in source], (page, line)
