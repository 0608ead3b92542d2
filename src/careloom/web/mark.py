"""An outcome as pages show it: in colour, shape and text, of which any one alone tells it."""

from typing import Literal

from careloom.model.records import dataclass

Colour = Literal["grey", "blue", "green", "yellow", "red"]


@dataclass(frozen=True, slots=True)
class Mark:
    """An outcome in colour, shape and text; any one of them alone tells it."""

    colour: Colour
    shape: str
    text: str
