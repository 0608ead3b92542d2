"""Write docs/issues.md from what the validator says about its rules."""

from collections.abc import Iterator
from pathlib import Path

from careloom.validation.reporting.explanations import Explanation, explanations

PAGE = Path(__file__).parents[1] / "docs" / "issues.md"

HEAD = """# What the rules mean

Each finding of `careloom validate` ends with the key of its rule, in square brackets.
This page has a section for each key, with an example that breaks the rule and what to do about it.
A key that is not here, such as `pat-1`, belongs to an [invariant](#invariant) of a type or profile.
A profile's URL after the key says that the profile asks for it, and not the type alone.

This page is made by `scripts/issue_pages.py`, and the tests judge every example.
"""


def page() -> str:
    """The whole page, a section a rule, in alphabetical order."""
    sections = ("\n".join(_section(rule, known)) for rule, known in sorted(explanations().items(), key=_name))
    return HEAD + "\n" + "\n".join(sections)


def _name(item: tuple[str, Explanation]) -> str:
    return item[0].lower()


def _section(rule: str, known: Explanation) -> Iterator[str]:
    yield f"## {rule}\n"
    yield f"**{known.title}.**"
    yield f"{known.meaning}\n"
    if known.example:
        yield from _fence(_introduction(known), known.example)
    for definition in known.definitions:
        yield from _fence("By this definition:", definition)
    yield f"**What to do:** {known.fix}\n"


def _introduction(known: Explanation) -> str:
    asked = f" with `--profile {known.profile}`" if known.profile else ""
    set_up = f" with `--setting {' --setting '.join(known.settings)}`" if known.settings else ""
    return f"This breaks it{asked}{set_up}:"


def _fence(introduction: str, text: str) -> Iterator[str]:
    yield f"{introduction}\n\n```{'xml' if text.startswith('<') else 'json'}\n{text}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
