"""What the room answers about a code."""

from typing import Literal

from careloom.model.records import dataclass


@dataclass(frozen=True, slots=True)
class CodeResult:
    """The answer to "is this code in that value set", or in that code system.

    Attributes:
        result: ``unknown`` when the value set is missing, draws on a code system without content here, or a
            remote server was asked and gave no answer.
        message: Names the code and the value set, and for ``unknown`` what is lacking; empty for ``in``, unless
            something about it is worth a word.
        display: The term of the code, where one is known.
        is_inactive: Whether the code system has withdrawn the code.
        is_right_display: Whether the display that was given is one that the code has; None when none was given or
            no term is known.
    """

    result: Literal["in", "out", "unknown"]
    message: str = ""
    display: str = ""
    is_inactive: bool = False
    is_right_display: bool | None = None


def how_to_supply(system: str) -> str:
    """What a user can do about a code system without content."""
    return (
        f"to supply {system}, load a package that has it, or its CodeSystem file by `careloom terminology load FILE`, "
        "or name a terminology server"
    )
