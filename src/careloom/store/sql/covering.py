"""Parameters whose values are those of other parameters: they need no rows of their own.

Many parameters of R4 say again what others say. ``combo-code`` is ``code`` and ``component-code`` together,
``phonetic`` is ``name``, and what ``patient`` leads to is found under ``subject``. Their rows would be half of the
index. A query by such a parameter looks under the others instead.

A composite over a whole resource, such as ``code-value-quantity``, is what its parts are: a resource whose ``code`` and
whose ``value-quantity`` fit is looked at again in memory, and fits or does not.

Only parameters of R4 stand for others. One of somebody's own comes and goes, and what stood under it would go with it:
while it is indexed, and after it is dropped, a search by the standard parameter would miss what is there.
"""

from collections.abc import Mapping

from careloom.model.errors import UnavailableError
from careloom.model.records import dataclass
from careloom.search import SearchParameter
from careloom.search.registry import SearchParameters

_R4 = "http://hl7.org/fhir/SearchParameter/"


@dataclass(frozen=True, slots=True)
class Cover:
    """Where the values of a parameter are.

    Attributes:
        codes: The parameters that together have all of them and nothing else.
        target: Empty; or the resource type that it narrows one other reference parameter to: only references to
            resources of that type held here are then found under that one.
    """

    codes: tuple[str, ...]
    target: str = ""


class Covers:
    """The covered parameters of each type, worked out when the type is first met.

    Args:
        registry: Search parameters.

    Attributes:
        generations: By type and code, how often a parameter has been defined anew, beginning with 1, which need not be
            told; see `careloom.store.sql.indexing`.
        withheld: Types with codes of parameters that not all rows are there of.
    """

    def __init__(self, registry: SearchParameters) -> None:
        self.generations: dict[tuple[str, str], int] = {}
        self.withheld: frozenset[tuple[str, str]] = frozenset()
        self._registry = registry
        self._known: dict[str, Mapping[str, Cover]] = {}
        self._wholes: dict[str, Mapping[str, tuple[str, ...]]] = {}

    def of(self, type: str) -> Mapping[str, Cover]:
        """By code, what covers a parameter; those that have rows of their own are left out."""
        known = self._known.get(type)
        if known is None:
            known = self._known[type] = _covers(self._registry.of(type))
        return known

    def are_all_of(self, type: str, code: str) -> bool:
        """Whether nothing needs to be known of a parameter, since others say all of it."""
        cover = self.of(type).get(code)
        return cover is not None and not cover.target

    def elements(self, type: str, code: str) -> tuple[str, ...]:
        """The parameters that tell whether a resource has elements for a parameter."""
        return self.of(type)[code].codes if self.are_all_of(type, code) else (code,)

    def parts(self, type: str, code: str) -> tuple[str, ...]:
        """The parameters that have the values of the parts of a composite over a whole resource; none for others."""
        known = self._wholes.get(type)
        if known is None:
            known = self._wholes[type] = _wholes(type, self._registry.of(type))
        return known.get(code, ())

    def has_rows(self, type: str, code: str) -> bool:
        """Whether there are rows, or places in a shape, that a parameter does not share with others."""
        return not self.are_all_of(type, code) and not self.parts(type, code)

    def keys(self, type: str, key: str) -> tuple[str, ...]:
        """The keys under which the rows of a parameter are: its own, those that cover it, or both.

        Raises:
            UnavailableError: Its definition has changed since the search was read.
        """
        code, colon, side = key.partition(":")
        cover = self.of(type).get(code)
        if self.withheld:
            self._require_whole(type, code, cover)
        if cover is None:
            found: tuple[str, ...] = (key,)
        elif cover.target:
            found = (key,) if colon else (key, *cover.codes)
        else:
            found = tuple(f"{each}{colon}{side}" for each in cover.codes)
        return tuple(self.own(type, each) for each in found) if self.generations else found

    def _require_whole(self, type: str, code: str, cover: Cover | None) -> None:
        for each in (code, *(cover.codes if cover else ())):
            if (type, each) in self.withheld:
                raise UnavailableError(f"the search parameter {each!r} of {type} has just changed; ask again")

    def own(self, type: str, key: str) -> str:
        """The key of a parameter's own rows: a definition that has changed has others than the one before."""
        generation = self.generations.get((type, key.partition(":")[0]), 1)
        return self.named(key, generation) if generation > 1 else key

    @staticmethod
    def named(key: str, generation: int) -> str:
        """The key of the rows of a generation."""
        return f"{key}#{generation}" if generation > 1 else key


def _covers(parameters: Mapping[str, SearchParameter]) -> Mapping[str, Cover]:
    found: dict[str, Cover] = {}
    for code, parameter in parameters.items():
        others = [each for each in parameters.values() if each.code not in found and _may_cover(each, parameter)]
        cover = _narrowed(parameter, others) or _united(parameter, others)
        if cover is not None:
            found[code] = cover
    return found


def _may_cover(other: SearchParameter, parameter: SearchParameter) -> bool:
    alike = (other.kind, other.folded, other.is_indexed) == (parameter.kind, parameter.folded, parameter.is_indexed)
    is_another = other.code != parameter.code and other.url.startswith(_R4)
    return is_another and alike and _parts(other) == _parts(parameter) and bool(other.branches)


def _parts(parameter: SearchParameter) -> list[tuple[str, frozenset[str]]]:
    return [(each.kind, frozenset(branch.text for branch in each.branches)) for each in parameter.components]


def _wholes(type: str, parameters: Mapping[str, SearchParameter]) -> Mapping[str, tuple[str, ...]]:
    """By code, the parameters that the parts of a composite over a whole resource are found under."""
    found: dict[str, tuple[str, ...]] = {}
    for code, parameter in parameters.items():
        if parameter.components and all(branch.text == type for branch in parameter.branches):
            parts = tuple(_part(type, component, parameters) for component in parameter.components)
            if parameter.branches and all(parts):
                found[code] = parts
    return found


def _part(type: str, component: SearchParameter, parameters: Mapping[str, SearchParameter]) -> str:
    """A parameter that has all values of a part; empty where there is none."""
    wanted = {f"{type}.{way.strip()}" for branch in component.branches for way in branch.text.split("|")}
    return next(
        (
            other.code
            for other in sorted(parameters.values(), key=lambda other: (len(other.branches), other.code))
            if (other.kind, other.folded, other.is_indexed) == (component.kind, component.folded, True)
            and other.url.startswith(_R4)
            and wanted <= {branch.text for branch in other.branches if not branch.target}
        ),
        "",
    )


def _narrowed(parameter: SearchParameter, others: list[SearchParameter]) -> Cover | None:
    """A reference parameter that is another one, but for the type it leads to."""
    targets = {branch.target for branch in parameter.branches}
    if parameter.kind != "reference" or len(targets) != 1 or "" in targets:
        return None
    texts = {branch.text for branch in parameter.branches}
    for other in others:
        if texts <= {branch.text for branch in other.branches if not branch.target}:
            return Cover((other.code,), targets.pop())
    return None


def _united(parameter: SearchParameter, others: list[SearchParameter]) -> Cover | None:
    """A parameter whose ways are all those of some others."""
    wanted = {(branch.text, branch.target) for branch in parameter.branches}
    inside = [other for other in others if {(branch.text, branch.target) for branch in other.branches} <= wanted]
    codes: list[str] = []
    missing = set(wanted)
    for other in sorted(inside, key=lambda other: (-len(other.branches), other.code)):
        ways = {(branch.text, branch.target) for branch in other.branches}
        if ways & missing:
            codes.append(other.code)
            missing -= ways
    return Cover(tuple(codes)) if wanted and not missing else None
