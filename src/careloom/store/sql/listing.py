"""Audit records of many resources: entities that differ in nothing but where they lead, any number of them.

A transaction leaves one record with an entity for each resource that it wrote, and one for each patient they are about.
Entities are alike that stand in one run of the form and lead to one type, with a version or without. So the outline is
that of a shorter record, with the first of each kind of entity; in the one at hand, each comes as often as it does
there, in whatever order.
"""

import orjson

from careloom.model import Resource
from careloom.model.records import dataclass, replace
from careloom.store.audit_form import AuditForm
from careloom.store.hashing import Hash
from careloom.store.sql.blanks import Blank, Outlined, address_blank, outlined_form
from careloom.store.sql.outline import Outline
from careloom.store.sql.shares import Found

MOST_KINDS = 64
"""Kinds of entities in one record."""

_TAIL = 2
"""Entities behind them at most: a search, and the id of the request."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A record of many resources.

    Attributes:
        outlined: The shorter record, whose first blanks are those of the kinds of entities.
        members: By kind of entity, what stands in the blanks of all that are of it.
        order: Of all entities, the kind and the text in the blank.
        firsts: The place of the first entity of each kind.
    """

    outlined: Outlined
    members: list[list[Blank]]
    order: list[tuple[int, str]]
    firsts: list[int]

    def shortened(self, resource: Resource) -> Resource:
        """The shorter record."""
        entities = resource["entity"]
        return {**resource, "entity": [*(entities[place] for place in self.firsts), *entities[len(self.order) :]]}


def listed_form(form: AuditForm) -> Listed | None:
    """What is listed in a record told by a form; None where something else than addresses is, or too many kinds."""
    if sum(form.alike) != len(form.references):
        return None
    blanks: list[Blank] = []
    places: dict[tuple[int, str, bool], list[int]] = {}
    runs = (run for run, length in enumerate(form.alike) for _ in range(length))
    for place, (run, reference) in enumerate(zip(runs, form.references, strict=True)):
        blank = address_blank(reference)
        if blank is None:
            return None
        blanks.append(blank)
        text, address = blank
        places.setdefault((run, address[: address.index("/")], text == address), []).append(place)
    if len(places) > MOST_KINDS:
        return None
    return _listed(form, blanks, dict(sorted(places.items())))


def _listed(form: AuditForm, blanks: list[Blank], places: dict[tuple[int, str, bool], list[int]]) -> Listed | None:
    firsts = [some[0] for some in places.values()]
    kinds_of_runs = tuple(sum(run == number for run, *_ in places) for number in range(len(form.alike)))
    references = tuple(form.references[place] for place in firsts)
    outlined = outlined_form(replace(form, references=references, alike=kinds_of_runs), most=len(firsts) + _TAIL)
    if outlined is None:
        return None
    order = [(0, "")] * len(blanks)
    for number, some in enumerate(places.values()):
        for place in some:
            order[place] = number, blanks[place][0]
    members = [[blanks[place] for place in some] for some in places.values()]
    return Listed(replace(outlined, kind=("listed", outlined.kind)), members, order, firsts)


@dataclass(frozen=True, slots=True)
class ListOutline:
    """The outline of a shorter record, in which the first entities come any number of times.

    Attributes:
        outline: Of the shorter record.
        first: Which of its pieces stands before the first entity.
        before: The piece as far as that.
        entities: By kind, the JSON of an entity before and behind its blank.
        behind: The piece behind the last entity.
    """

    outline: Outline
    first: int
    before: bytes
    entities: list[tuple[str, str]]
    behind: bytes

    def filled(self, listed: Listed, hash_of: Hash) -> tuple[Found, bytes]:
        """What a record of this kind is found by, and its body."""
        outline, outlined = self.outline, listed.outlined
        blanks = [*listed.members, *([blank] for blank in outlined.blanks[len(listed.members) :])]
        hashes = [
            [hash_of(*before, blank[is_address], *behind) for blank in blanks[n]]
            for before, n, is_address, behind in outline.slots
        ]
        found = outline.found_by(hashes, outlined.microseconds)
        return found, self._body(listed)

    def _body(self, listed: Listed) -> bytes:
        around, outline = self.entities, self.outline
        entities = ",".join([f'{around[kind][0]}"{text}"{around[kind][1]}' for kind, text in listed.order])
        last = self.first + len(around)
        pieces = [*outline.pieces[: self.first], self.before + entities.encode() + self.behind]
        pieces += outline.pieces[last + 1 :]
        order = [*outline.order[: self.first], *outline.order[last:]]
        return outline.body(listed.outlined, pieces, order)


def list_outline_of(outline: Outline, listed: Listed, short: Resource) -> ListOutline | None:
    """The outline of a list by that of a shorter record; None where entities and blanks do not meet."""
    number = len(listed.members)
    first = outline.order.index(1)
    if outline.order[first : first + number] != list(range(1, number + 1)):
        return None
    blanks = [text for text, _ in listed.outlined.blanks[:number]]
    cut = [orjson.dumps(item).split(orjson.dumps(text)) for item, text in zip(short["entity"], blanks, strict=False)]
    if any(len(each) != 2 for each in cut):
        return None
    entities = [(before.decode(), behind.decode()) for before, behind in cut]
    opening, closing = cut[0][0], cut[-1][1]
    before, behind = outline.pieces[first], outline.pieces[first + number]
    if not before.endswith(opening) or not behind.startswith(closing):
        return None
    return ListOutline(outline, first, before.removesuffix(opening), entities, behind.removeprefix(closing))
