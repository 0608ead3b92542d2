"""ConceptMaps: from a code of one system to codes of another.

Source: FHIR R4, ConceptMap, and its operation $translate.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from careloom.definitions import Definitions
from careloom.model import Resource
from careloom.model.records import dataclass
from careloom.terminology.concept import objects

MAX_MAPS = 10
"""Maps that may follow one another by ``unmapped.url``."""

BY_DISTANCE = (
    "equal",
    "equivalent",
    "subsumes",
    "wider",
    "specializes",
    "narrower",
    "relatedto",
    "inexact",
    "unmatched",
    "disjoint",
)
"""The equivalences of FHIR R4, the closest first. A wider code loses something, a narrower one claims too much."""

_NO_MATCH = frozenset({"unmatched", "disjoint"})
_REVERSED = {
    "wider": "narrower",
    "subsumes": "specializes",
    "narrower": "wider",
    "specializes": "subsumes",
}


@dataclass(frozen=True, slots=True)
class Translation:
    """One code that a map gives.

    Attributes:
        equivalence: How the code that is given relates to the one that was asked, as FHIR R4 names it.
        system: Code system of the code; empty when the map does not say.
        code: The code; empty where the map says that there is none.
        display: As the map has it.
        version: Of the code system, as the map has it.
        source: Canonical of the map.
        products: What comes out besides, as ``ConceptMap.group.element.target.product``; of a map that is read
            backward, what the code hung on.
        needs: What must hold besides and was not given, each in words.
    """

    equivalence: str
    system: str
    code: str
    display: str = ""
    version: str = ""
    source: str = ""
    products: tuple[Mapping[str, Any], ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def is_match(self) -> bool:
        """Whether there is a code, and it has something to do with the one asked."""
        return bool(self.code) and self.equivalence not in _NO_MATCH

    @property
    def distance(self) -> int:
        """How far from the code that was asked, for ordering."""
        is_known = self.equivalence in BY_DISTANCE
        return BY_DISTANCE.index(self.equivalence) if is_known else len(BY_DISTANCE)


@dataclass(frozen=True, slots=True)
class Dependency:
    """What a caller knows about another element, on which a translation may hang.

    Attributes:
        element: As ``dependsOn.property`` names it.
        codings: Its codes, each as (system, code).
        text: Its text.
    """

    element: str
    codings: tuple[tuple[str, str], ...] = ()
    text: str = ""

    def meets(self, needed: Mapping[str, Any]) -> bool:
        """Whether this is what a ``dependsOn`` asks for."""
        system, value = needed.get("system"), needed.get("value")
        if self.element != needed.get("property"):
            return False
        return value == self.text or any(value == code and system in (None, each) for each, code in self.codings)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be translated.

    Attributes:
        system: Code system of the code; None for that of any group.
        code: The code.
        target_system: Only codes of this system; empty for any.
        is_reverse: Whether to go from the targets of a map to its sources.
        version: Of the code system; empty for any.
        dependencies: What is known besides.
    """

    system: str | None
    code: str
    target_system: str = ""
    is_reverse: bool = False
    version: str = ""
    dependencies: tuple[Dependency, ...] = ()


def translations(concept_map: Resource, asked: Asked, definitions: Definitions) -> Iterator[Translation]:
    """The codes that a map gives for a code, with those it says there are none for."""
    return _translations(concept_map, asked, definitions, ())


def maps_between(definitions: Definitions, source: str, target: str) -> Iterator[Resource]:
    """The maps of the definitions between two value sets, by canonical; an empty one fits all."""
    for concept_map in definitions.all("ConceptMap"):
        if _is_end(concept_map, "source", source) and _is_end(concept_map, "target", target):
            yield concept_map


def _is_end(concept_map: Resource, end: str, wanted: str) -> bool:
    return not wanted or wanted in (concept_map.get(f"{end}Uri"), concept_map.get(f"{end}Canonical"))


def _translations(
    concept_map: Resource, asked: Asked, definitions: Definitions, through: tuple[str, ...]
) -> Iterator[Translation]:
    url = str(concept_map.get("url", ""))
    for group in objects(concept_map.get("group")):
        here, there = ("target", "source") if asked.is_reverse else ("source", "target")
        if asked.system is not None and group.get(here) not in (None, asked.system):
            continue
        if asked.version and group.get(f"{here}Version") not in (None, asked.version):
            continue
        if asked.target_system and group.get(there) not in (None, asked.target_system):
            continue
        if asked.is_reverse:
            yield from _backward(group, asked, url)
            continue
        found = list(_forward(group, asked, url))
        yield from found or _unmapped(group, asked, url, definitions, (*through, url))


def _forward(group: Mapping[str, Any], asked: Asked, url: str) -> Iterator[Translation]:
    for element in objects(group.get("element")):
        if element.get("code") != asked.code:
            continue
        for target in objects(element.get("target")):
            yield Translation(
                str(target.get("equivalence", "")),
                str(group.get("target", "")),
                str(target.get("code", "")),
                str(target.get("display", "")),
                str(group.get("targetVersion", "")),
                url,
                tuple(objects(target.get("product"))),
                tuple(_unmet(target, asked.dependencies)),
            )


def _unmet(target: Mapping[str, Any], known: Sequence[Dependency]) -> Iterator[str]:
    """What a target hangs on and the caller has not given."""
    for needed in objects(target.get("dependsOn")):
        if not any(each.meets(needed) for each in known):
            yield f"{needed.get('property')} = {needed.get('value')}"


def _backward(group: Mapping[str, Any], asked: Asked, url: str) -> Iterator[Translation]:
    for element in objects(group.get("element")):
        for target in objects(element.get("target")):
            equivalence = str(target.get("equivalence", ""))
            if target.get("code") == asked.code:
                yield Translation(
                    _REVERSED.get(equivalence, equivalence),
                    str(group.get("source", "")),
                    str(element.get("code", "")),
                    str(element.get("display", "")),
                    str(group.get("sourceVersion", "")),
                    url,
                    tuple(objects(target.get("dependsOn"))),
                )


def _unmapped(
    group: Mapping[str, Any], asked: Asked, url: str, definitions: Definitions, through: tuple[str, ...]
) -> Iterator[Translation]:
    """What the map says about codes that it does not list: the same, a fixed one, or ask another map."""
    rule = group.get("unmapped")
    if not isinstance(rule, dict):
        return
    target, version = str(group.get("target", "")), str(group.get("targetVersion", ""))
    if rule.get("mode") == "provided":
        yield Translation("equal", target, asked.code, "", version, url)
    elif rule.get("mode") == "fixed":
        fixed, display = str(rule.get("code", "")), str(rule.get("display", ""))
        yield Translation("inexact", target, fixed, display, version, url)
    elif rule.get("mode") == "other-map" and rule.get("url") not in through and len(through) < MAX_MAPS:
        other = definitions.find(str(rule.get("url", "")), "ConceptMap")
        if other is not None:
            yield from _translations(other, asked, definitions, through)
