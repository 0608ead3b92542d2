"""The characters that divide a message, which its first segment names. Source: HL7 v2.5.1, 2.5.4."""

from careloom.model.errors import MalformedError
from careloom.model.records import dataclass


@dataclass(frozen=True, slots=True)
class Delimiters:
    """Five different characters."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @property
    def encoding_characters(self) -> str:
        """MSH-2."""
        return self.component + self.repetition + self.escape + self.subcomponent


USUAL = Delimiters()


def delimiters_of(header: str) -> Delimiters:
    r"""The delimiters that the beginning of a message announces, ``MSH|^~\&|``.

    Raises:
        MalformedError: Less than four encoding characters, or one of them twice, or a letter or digit.
    """
    field = header[3:4]
    characters = header[4:].partition(field)[0] if field else ""
    if field + characters == "|^~\\&":
        return USUAL
    if not 4 <= len(characters) <= 5:  # a fifth, for truncation, since 2.7
        raise MalformedError(f"MSH-2: four encoding characters expected, {characters!r} found")
    every = field + characters
    if len(set(every)) < len(every) or any(sign.isalnum() or sign.isspace() for sign in every):
        raise MalformedError(f"MSH-1 and MSH-2: different characters expected, no letters or digits, {every!r} found")
    return Delimiters(field, *characters[:4])
