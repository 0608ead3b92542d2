"""What each rule means, in plain words: `rules.toml` is the one place; reports and ``docs/issues.md`` come from it."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from careloom.model.records import dataclass

INVARIANT = "invariant"
"""The entry that stands for every invariant that a type or a profile states under a key of its own."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One rule, for people.

    Attributes:
        title: What happened, in a few words.
        meaning: What the rule asks for, and why.
        fix: What to do about it.
        example: Text of a resource that breaks it; empty where none is shown.
        definitions: Texts of the definitions that the example needs.
        settings: Settings that the example needs, NAME=VALUE.
        profile: Canonical URL that the example is asked to conform to.
    """

    title: str
    meaning: str
    fix: str
    example: str = ""
    definitions: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    profile: str = ""


def explanation(rule: str) -> Explanation:
    """What a rule means; a key that is not ours is the key of an invariant."""
    known = explanations()
    return known.get(rule) or known[INVARIANT]


@cache
def explanations() -> Mapping[str, Explanation]:
    """Key of a rule to what it means, in the order of the documentation."""
    content = tomllib.loads(files(__package__).joinpath("rules.toml").read_text("utf-8"))
    return {rule: _explanation(entry) for rule, entry in content.items()}


def _explanation(entry: Mapping[str, Any]) -> Explanation:
    texts = {name: entry.get(name, "").strip() for name in ("title", "meaning", "fix", "example", "profile")}
    definitions = tuple(definition.strip() for definition in entry.get("definitions", ()))
    return Explanation(**texts, definitions=definitions, settings=tuple(entry.get("settings", ())))
