"""How a resource is met: by its type, and by the profiles that apply to it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from careloom.model import Resource, trimmed
from careloom.model.records import dataclass
from careloom.validation.path import Path
from careloom.validation.quick.asking import COLLECTIONS
from careloom.validation.quick.check import QuickCheck
from careloom.validation.quick.formats import LONGEST, ROOM
from careloom.validation.quick.recurrent import OPTIONS, exact, text_of
from careloom.validation.quick.shapes import Judge, Shapes
from careloom.validation.resources import applicable_schemas
from careloom.validation.rules import RULES, Rule
from careloom.validation.schema import Schema

if TYPE_CHECKING:
    from careloom.validation.quick.judges import Judges
    from careloom.validation.quick.overlays import Overlays

Profiles = tuple[str, ...]
"""The canonical URLs of profiles that are asked for."""


@dataclass(frozen=True, slots=True)
class Way:
    """What judges a resource once it is known which profiles apply.

    Attributes:
        shapes: By type, and by the profile where there is one.
        profiles: Each profile, where there are several.
    """

    shapes: Shapes
    profiles: tuple[Judge, ...] = ()


class Entrance:
    """What is known of all resources of a type before one is met.

    Attributes:
        path: Of a document of the type.
        may_be_alone: Whether it holds no entries, among which references could lead.
        rules: The rules of the type.
    """

    def __init__(self, type: str, judges: "Judges", overlays: "Overlays") -> None:
        self.path: Path = (None, type)
        self.may_be_alone = type not in COLLECTIONS
        self.rules: tuple[Rule, ...] = RULES.get(type, ())
        self._type = type
        self._judges = judges
        self._overlays = overlays
        self._is_implied = type == "Observation"
        self._plain = Way(judges.of(type))
        self._ways: dict[tuple[Profiles, bytes], Way] = {}

    def way(self, resource: Resource, profiles: Profiles, check: QuickCheck) -> Way:
        """What judges a resource; something is told where a profile that it claims cannot be had.

        Without claims this depends on the profiles asked for alone, and for an Observation on its code, which may be
        that of a vital sign.
        """
        if "meta" in resource and "profile" in resource["meta"]:
            return self._by(applicable_schemas(check.scope, profiles, check))
        if self._is_implied:
            text = check.code = text_of(resource.get("code"), exact, OPTIONS)
        elif profiles:
            text = b""
        else:
            return self._plain
        way = self._ways.get((profiles, text))
        if way is None:
            way = self._by(applicable_schemas(check.scope, profiles, check))
            if len(self._ways) >= ROOM:
                self._ways.clear()
            if len(text) <= LONGEST:
                self._ways[profiles, trimmed(text)] = way
        return way

    def _by(self, schemas: Iterable[Schema]) -> Way:
        found = tuple(schemas)
        if len(found) == 1:
            return Way(self._judges.under(self._type, found[0]))
        return Way(self._judges.of(self._type), tuple(self._overlays.schema(one, self._type) for one in found))
