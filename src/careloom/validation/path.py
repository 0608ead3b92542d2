"""Places in a resource as linked pairs, turned into text only when an issue needs them.

``(((None, "Patient"), "name"), 0)`` is ``Patient.name[0]``: adding a step costs one tuple.
"""

from typing import TypeAlias

Path: TypeAlias = tuple["Path | None", str | int]


def path_text(path: Path | None) -> str:
    """The FHIRPath of a place, ``Patient.name[0].given[1]``."""
    steps: list[str | int] = []
    while path is not None:
        path, step = path
        steps.append(step)
    text = ""
    for step in reversed(steps):
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
