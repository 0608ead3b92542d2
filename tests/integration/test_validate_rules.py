"""Every rule is explained, every explanation is of a rule, and every example breaks the rule that it is for."""

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from careloom.definitions import Definitions
from careloom.model import parse_json
from careloom.validation import Validator, validate_text
from careloom.validation.inputs import options_from
from careloom.validation.reporting.explanations import INVARIANT, explanation, explanations

ROOT = Path(__file__).parents[2]
PLACES = {"tell": 4, "error": 3, "warning": 3, "Issue": 4}
"""Call that makes a finding to the position of the rule's key among its arguments."""

NAMED_BY_VALUE = {
    "constraint.key": (),
    "one.kind": ("fixed", "pattern"),
    "limit.kind": ("minValue", "maxValue"),
    "rule": (),
    "note.rule": (),
    "issue.rule": (),
}
"""Expressions that give the key of a rule, to the keys they can give: none where it is handed on or an invariant's."""

WITHOUT_EXAMPLE = {
    "context": "needs an extension whose definition is broken",
    "depth": "would be as long as a book",
    "entry": "needs a setting that is a list",
    "internal": "would be a defect",
    "must-have-value": "its definition is of FHIR R5",
    "narrative-language": "its definition is an extension of later versions",
    "narrative-source": "its definition is an extension of later versions",
    "packing": "is no text",
}


def keys_in_source() -> set[str]:
    folders = ("validation", "model", "definitions", "terminology")
    files = [file for folder in folders for file in (ROOT / "src" / "careloom" / folder).rglob("*.py")]
    return {key for file in files for call in _calls(file) for key in _keys(call, file)}


def _calls(file: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call) and _name(node) in PLACES:
            yield node


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _keys(call: ast.Call, file: Path) -> Iterator[str]:
    position = PLACES[_name(call)]
    named = next((keyword.value for keyword in call.keywords if keyword.arg == "rule"), None)
    argument = named or (call.args[position] if len(call.args) > position else None)
    if isinstance(argument, ast.Constant):
        yield str(argument.value)
    elif argument is not None:
        text = ast.unparse(argument)
        assert text in NAMED_BY_VALUE, f"{file.name}, line {call.lineno}: which rules can {text} name?"
        yield from NAMED_BY_VALUE[text]


def test_every_rule_in_the_source_is_explained_and_no_other() -> None:
    assert keys_in_source() | {INVARIANT} == set(explanations())


def test_an_unknown_key_is_an_invariant() -> None:
    assert explanation("pat-1") is explanations()[INVARIANT]


def test_every_rule_has_an_example_or_a_reason_why_not() -> None:
    assert {rule for rule, known in explanations().items() if not known.example} == set(WITHOUT_EXAMPLE)


@pytest.mark.parametrize("rule", [rule for rule, known in explanations().items() if known.example])
def test_an_example_breaks_its_rule(rule: str, definitions: Definitions) -> None:
    known = explanations()[rule]
    loaded = definitions.with_resources([parse_json(text.encode()) for text in known.definitions])
    options = options_from(dict(text.split("=") for text in known.settings))
    profiles = [known.profile] if known.profile else []
    validator = Validator(loaded, options=options)
    report = validate_text(validator, known.example.encode(), file_name="example", profiles=profiles)
    broken = {issue.rule if issue.rule in explanations() else INVARIANT for issue in report.issues}
    assert rule in broken


def test_the_page_is_what_the_script_makes() -> None:
    spec = importlib.util.spec_from_file_location("issue_pages", ROOT / "scripts" / "issue_pages.py")
    assert spec and spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert (ROOT / "docs" / "issues.md").read_text("utf-8") == script.page(), "run scripts/issue_pages.py"
