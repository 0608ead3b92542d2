"""``careloom terminology``: keep large code systems, and ask about codes and value sets."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from rich.console import Console

from careloom.cli.errors import errors_told
from careloom.definitions import Definitions
from careloom.definitions.registry import CORE
from careloom.model import Resource, serialize_json
from careloom.model.errors import NotFoundError
from careloom.terminology import ExpansionRequest, Terminology
from careloom.terminology.operations import OPERATIONS
from careloom.terminology.sources import STORE_VARIABLE, USUAL_STORE
from careloom.terminology.stored import CodeSystemStore, load_code_system
from careloom.terminology.stored.gathering import Progress
from careloom.validation.inputs import layered

app = App(name="terminology", help="Code systems and value sets: load, list, remove, look up, expand, validate a code.")

IS_INVALID = 1
STORE = Path(USUAL_STORE)

Store = Annotated[Path, Parameter(env_var=STORE_VARIABLE)]
Packages = Annotated[tuple[str, ...], Parameter(negative=())]
Files = Annotated[tuple[Path, ...], Parameter(negative=())]


@app.command
def load(file: Path, *, store: Store = STORE) -> None:
    """Load a large code system into the store; one of the same URL and version is replaced.

    Args:
        file: CodeSystem as JSON, or as NDJSON with a concept a line; .gz and .zst are read too.
        store: Folder where code systems are kept.
    """
    with errors_told("terminology"), _status() as tell:
        done = load_code_system(file, store.expanduser(), tell)
        print(f"loaded {done.url}{f'|{done.version}' if done.version else ''}: {done.concepts:,} concepts")
        if done.unknown_parents:
            named = ", ".join(done.unknown_parents)
            print(f"warning: parents that the file does not have, among them {named}", file=sys.stderr)


@app.command(name="list")
def list_(*, store: Store = STORE) -> None:
    """List the code systems in the store.

    Args:
        store: Folder where code systems are kept.
    """
    with errors_told("terminology"):
        for content in CodeSystemStore(store.expanduser()).systems():
            print(f"{content.url}|{content.version}  {content.count:,} concepts  {content.title}".rstrip())


@app.command
def remove(system: str, *, store: Store = STORE) -> None:
    """Take a code system out of the store. Exits with 2 when it is not there.

    Args:
        system: URL of the code system; with |VERSION only that version.
        store: Folder where code systems are kept.
    """
    with errors_told("terminology"):
        url, _, version = system.partition("|")
        gone = CodeSystemStore(store.expanduser()).remove(url, version)
        if not gone:
            raise NotFoundError(f"{system} is not in the store; `careloom terminology list` tells what is")
        for content in gone:
            print(f"removed {content.url}|{content.version}".removesuffix("|"))


@app.command
def lookup(
    system: str,
    code: str,
    *,
    language: str = "",
    package: Packages = (),
    definitions: Files = (),
    store: Store = STORE,
    format: Literal["text", "json"] = "text",
) -> None:
    """Tell what a code means. Exits with 2 when nobody here knows.

    Args:
        system: URL of the code system, with or without |VERSION.
        code: The code.
        language: BCP 47 tag of the display.
        package: FHIR package, NAME@VERSION as installed or FILE.tgz; may be repeated.
        definitions: File with a CodeSystem or ValueSet; may be repeated.
        store: Folder where code systems are kept.
        format: Text for people, or the Parameters of $lookup.
    """
    with errors_told("terminology"):
        url, _, version = system.partition("|")
        answer = _operation(
            _terminology(package, definitions, store),
            ("CodeSystem", "lookup"),
            {"system": url, "version": version, "code": code, "displayLanguage": language},
        )
        _print(answer, format)


@app.command(name="validate-code")
def validate_code(
    value_set: str,
    code: str,
    *,
    system: str = "",
    display: str = "",
    language: str = "",
    package: Packages = (),
    definitions: Files = (),
    store: Store = STORE,
    format: Literal["text", "json"] = "text",
) -> None:
    """Tell whether a code is in a value set. Exits with 0 when it is, 1 when it is not or cannot be checked.

    Args:
        value_set: URL of the value set, with or without |VERSION.
        code: The code.
        system: URL of its code system; else the one that the value set has.
        display: A term to check.
        language: BCP 47 tag that the term is in.
        package: FHIR package, NAME@VERSION as installed or FILE.tgz; may be repeated.
        definitions: File with a CodeSystem or ValueSet; may be repeated.
        store: Folder where code systems are kept.
        format: Text for people, or the Parameters of $validate-code.
    """
    with errors_told("terminology"):
        given = {"url": value_set, "code": code, "system": system, "display": display, "displayLanguage": language}
        answer = _operation(_terminology(package, definitions, store), ("ValueSet", "validate-code"), given)
        _print(answer, format)
    result = next(part["valueBoolean"] for part in answer["parameter"] if part["name"] == "result")
    sys.exit(0 if result else IS_INVALID)


@app.command
def expand(
    value_set: str,
    *,
    filter: str = "",
    language: str = "",
    active_only: bool = False,
    count: int | None = None,
    offset: int = 0,
    package: Packages = (),
    definitions: Files = (),
    store: Store = STORE,
    format: Literal["text", "json"] = "text",
) -> None:
    """List the codes of a value set.

    Args:
        value_set: URL of the value set, with or without |VERSION.
        filter: Only codes with words that begin like this.
        language: BCP 47 tag of displays.
        active_only: Leave out codes that their code system has withdrawn.
        count: List at most so many.
        offset: Pass over so many.
        package: FHIR package, NAME@VERSION as installed or FILE.tgz; may be repeated.
        definitions: File with a CodeSystem or ValueSet; may be repeated.
        store: Folder where code systems are kept.
        format: A code a line, or the ValueSet of $expand.
    """
    with errors_told("terminology"):
        terminology = _terminology(package, definitions, store)
        if format == "json":
            given = {"url": value_set, "filter": filter, "displayLanguage": language, "offset": str(offset)}
            given |= {"count": str(count)} if count is not None else {}
            given |= {"activeOnly": "true"} if active_only else {}
            _print(_operation(terminology, ("ValueSet", "expand"), given), format)
            return
        request = ExpansionRequest(filter, language, offset, count, active_only)
        for entry in terminology.expand(value_set, request).entries:
            print(f"{entry.system}\t{entry.code}\t{entry.display}")


def _terminology(packages: tuple[str, ...], files: tuple[Path, ...], store: Path) -> Terminology:
    archives = [Path(package) for package in packages if package.endswith((".tgz", ".tar.gz"))]
    installed = [package for package in packages if not package.endswith((".tgz", ".tar.gz"))]
    known = layered(Definitions.load([CORE, *installed]), files=files, packages=archives)
    return Terminology(known, store=CodeSystemStore(store.expanduser()))


def _operation(terminology: Terminology, name: tuple[str, str], given: dict[str, str]) -> Resource:
    parts = [{"name": key, "valueString": value} for key, value in given.items() if value]
    return OPERATIONS[name](terminology, {"resourceType": "Parameters", "parameter": parts})


def _print(answer: Resource, format: Literal["text", "json"]) -> None:
    if format == "json":
        print(serialize_json(answer, pretty=True).decode())
        return
    for part in answer["parameter"]:
        told = [_value(each) for each in part.get("part", ())] or [_value(part)]
        print(f"{part['name']:<12} {'  '.join(told)}")


def _value(part: Resource) -> str:
    value = next((value for key, value in part.items() if key.startswith("value")), "")
    if isinstance(value, dict):
        return str(value.get("display") or f"{value.get('system', '')}#{value.get('code', '')}")
    return str(value).lower() if isinstance(value, bool) else str(value)


@contextmanager
def _status() -> Iterator[Progress]:
    """A line on a terminal that says how far it is, and nothing anywhere else."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda what, done: None
        return
    with console.status("opening") as status:
        yield lambda what, done: status.update(f"{what}: {done:,} concepts")
