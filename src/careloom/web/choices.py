"""The profiles that a page offers: those the locality demands first, then all that are defined, by type."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from careloom.definitions import Definitions
from careloom.model.records import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """A profile to choose.

    Attributes:
        url: Its canonical URL.
        type: The resource type that it is about.
        title: What people call it.
        is_demanded: Whether the locality demands it of its type.
    """

    url: str
    type: str
    title: str
    is_demanded: bool = False


def defined_profiles(definitions: Definitions) -> tuple[Choice, ...]:
    """Every profile of a resource type; at first all structure definitions are read, which takes seconds."""
    types = definitions.types.resource_types()
    heads = definitions.heads("StructureDefinition", ("type", "title", "name", "derivation"))
    found = (_choice(each) for each in heads if each.get("derivation") == "constraint")
    profiles = tuple(sorted((each for each in found if each.url and each.type in types), key=_by_type_and_title))
    definitions.keep()
    return profiles


def offered(defined: Iterable[Choice], conformance: Mapping[str, Iterable[str]]) -> tuple[Choice, ...]:
    """The profiles as they are offered while these are what types must conform to."""
    by_url = {each.url: each for each in defined}
    demanded = {each.url: each for each in _demanded(by_url, conformance)}
    return (*demanded.values(), *(each for url, each in by_url.items() if url not in demanded))


def _demanded(known: Mapping[str, Choice], conformance: Mapping[str, Iterable[str]]) -> Iterator[Choice]:
    for type, profiles in sorted(conformance.items()):
        for url in profiles:
            title = known[url].title if url in known else url
            yield Choice(url, type, title, is_demanded=True)


def _choice(structure: Mapping[str, Any]) -> Choice:
    url, type, title = (_text(structure.get(key)) for key in ("url", "type", "title"))
    return Choice(url, type, title or _text(structure.get("name")) or url)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _by_type_and_title(choice: Choice) -> tuple[str, str, str]:
    return choice.type, choice.title, choice.url
