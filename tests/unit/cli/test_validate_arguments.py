"""The arguments of ``validate`` mean the same whether the toolkit reads them or not."""

import functools
import inspect
from pathlib import Path
from typing import Any

import pytest
from cyclopts import CycloptsError
from hypothesis import given, settings
from hypothesis import strategies as st

from careloom.cli.main import app
from careloom.cli.validate.command import validate
from careloom.cli.validate.plain import plain_call

PLAIN = [
    "small.json",
    "-",
    "a.json b.xml folder",
    "a.json --profile http://p --profile http://q",
    "--profile=http://p a.json",
    "--package UKCore@1 --package x.tgz --definitions d.json a.json",
    "--resolve Patient/1=p.json --setting a=b a.json",
    "a.json --format sarif --fail-on warning --summary --watch",
    "-j 2 a.ndjson",
    "--jobs 2 --engine ray a.ndjson",
    "--terminology-server=https://t/fhir --ignore known.toml a.json",
    "",
]
NOT_PLAIN = [
    "--help",
    "-h",
    "--version",
    "--no-summary a.json",
    "--jobs two a.json",
    "--jobs 2 --jobs 3 a.json",
    "--format toml a.json",
    "--fail-on never a.json",
    "--unknown a.json",
    "--profile",
    "--profile --summary",
    "-- a.json",
    "-x.json",
    "--summary=true a.json",
    "-j2 a.json",
    "--prof http://p a.json",
]
WORDS = st.sampled_from(
    [
        *("a.json", "-", "--", "-j", "-j2", "2", "--jobs", "--jobs=2", "--profile", "--profile=p", "http://p", "-h"),
        *("--format", "json", "--format=html", "--summary", "--no-summary", "--watch", "--fail-on", "warning", "--x"),
        *("--ignore", "--ignore=i.toml", "--definitions", "--engine", "local", "-1", "--terminology-store", "--empty="),
    ]
)


def read_plainly(arguments: list[str]) -> dict[str, Any] | None:
    """The arguments as a call without toolkit would have them; None where they are left to it."""
    call = plain_call(arguments)
    if call is None:
        return None
    assert isinstance(call, functools.partial)
    return in_full(inspect.signature(validate).bind(*call.args, **call.keywords))


def read_by_toolkit(arguments: list[str]) -> dict[str, Any]:
    command, bound, _ = app.parse_args(["validate", *arguments], exit_on_error=False, print_error=False)
    assert command.__name__ == "validate"
    return in_full(bound)


def in_full(bound: inspect.BoundArguments) -> dict[str, Any]:
    bound.apply_defaults()
    return bound.arguments | {"files": tuple(map(str, bound.arguments["files"]))}


@pytest.mark.parametrize("line", PLAIN)
def test_plain_arguments_are_read_without_toolkit_and_mean_the_same(line: str) -> None:
    plainly = read_plainly(line.split())
    assert plainly is not None
    assert plainly == read_by_toolkit(line.split())


@pytest.mark.parametrize("line", NOT_PLAIN)
def test_what_is_not_plain_is_left_to_the_toolkit(line: str) -> None:
    assert plain_call(line.split()) is None


@settings(deadline=None)  # the toolkit is loaded meanwhile
@given(st.lists(WORDS, max_size=6))
def test_whatever_is_read_without_toolkit_the_toolkit_reads_alike(words: list[str]) -> None:
    plainly = read_plainly(words)
    if plainly is not None:
        try:
            expected = read_by_toolkit(words)
        except CycloptsError as error:
            pytest.fail(f"the toolkit refuses {words}: {error}")
        assert plainly == expected


def test_paths_are_paths() -> None:
    found = read_plainly(["--definitions", "d.json", "--ignore", "i.toml", "a.json"])
    assert found is not None
    assert (found["definitions"], found["ignore"]) == ((Path("d.json"),), Path("i.toml"))
