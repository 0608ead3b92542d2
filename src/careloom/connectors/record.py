"""The record as those from the edge meet it in the writer's turn: whom they speak of, and what is written.

Resources are found by identifier, those of many messages by one search. What a message makes of them is
drafted first, and the drafts are visible to what it does next. Only when all of them have been judged are they
written; so what is refused has written nothing, and the next message can follow in the same turn.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from careloom.connectors.told import Name, Told, names_of
from careloom.model import Issue, Resource
from careloom.model.errors import InvalidError, MultipleMatchesError
from careloom.model.issues import has_errors
from careloom.model.records import dataclass
from careloom.store import Turn, Version
from careloom.store.ids import new_id


@dataclass(frozen=True, slots=True)
class Known:
    """A resource as it is, or as it is drafted.

    Attributes:
        type: Resource type.
        id: Logical id, which a new one has already.
        resource: Its content.
    """

    type: str
    id: str
    resource: Resource

    @property
    def reference(self) -> str:
        """``Type/id``."""
        return f"{self.type}/{self.id}"


class Record:
    """What is known and drafted in one turn.

    Args:
        turn: The turn.
        check: Judges a resource before it is written.
        preferred: Systems whose identifiers are looked for first, the best of them first.
        new_id: Makes ids.
    """

    def __init__(
        self,
        turn: Turn,
        check: Callable[[Resource], Sequence[Issue]],
        preferred: Sequence[str],
        *,
        new_id: Callable[[], str] = new_id,
    ) -> None:
        self._turn, self._check, self._new_id = turn, check, new_id
        self._rank = {system: number for number, system in enumerate(preferred)}
        self._known: dict[tuple[str, str], Known] = {}
        self._holders: dict[str, dict[Name, set[str]]] = {}
        self._drafts: dict[tuple[str, str], Known] = {}
        self._ids: dict[str, list[str]] = {}  # by type, those that the turn expects new resources by

    def look_up(self, told: Iterable[Told]) -> None:
        """Look for all of these, so that none of them has to be searched for alone."""
        wanted: dict[str, dict[Name, None]] = {}
        told = list(told)
        for each in told:
            type = each.resource["resourceType"]
            held = self._holders.setdefault(type, {})
            new = dict.fromkeys(name for name in each.names if name not in held)
            if new:
                wanted.setdefault(type, {}).update(new)
        if wanted:
            self._search(wanted)
        self._expect(told)

    def _expect(self, told: Iterable[Told]) -> None:
        """Choose ids for those that nobody has found, so that the turn looks at all of them at once."""
        chosen: dict[str, list[str]] = {}
        for each in told:
            type = each.resource["resourceType"]
            if not any(self._holders[type].get(name) for name in each.names):
                chosen.setdefault(type, []).append(self._new_id())
        self._turn.expect((type, id) for type, ids in chosen.items() for id in ids)
        for type, ids in chosen.items():
            self._ids.setdefault(type, []).extend(ids)

    def find(self, told: Told) -> Known | None:
        """The resource with one of the identifiers, by the best of them that one has.

        Raises:
            MultipleMatchesError: Several have it.
        """
        type, names = told.resource["resourceType"], told.names
        held = self._holders.get(type, {})
        if any(name not in held for name in names):
            self.look_up([told])
        for name in self._ranked(names):
            ids = self._having(type, name)
            if len(ids) > 1:
                asked = "|".join(name)
                raise MultipleMatchesError(f"{type}?identifier={asked}: one record expected, several found")
            if ids:
                return self.read(type, next(iter(ids)))
        return None

    def _ranked(self, names: Sequence[Name]) -> Sequence[Name]:
        """The names, the best first."""
        return names if len(names) < 2 else sorted(names, key=lambda name: self._rank.get(name[0], len(self._rank)))

    def read(self, type: str, id: str) -> Known | None:
        """A resource as it is or as it is drafted; None where there is none."""
        key = type, id
        found = self._drafts.get(key) or self._known.get(key)
        if found is None and (version := self._turn.read(type, id)) is not None:
            found = self._keep(version)
        return found

    def put(self, known: Known | None, resource: Resource) -> Known:
        """Draft a resource, a new one where none is known, unless it is as it was."""
        if known is not None and known.resource == resource:
            return known
        type = resource["resourceType"]
        id = self._chosen(type) if known is None else known.id
        draft = Known(type, id, {**resource, "id": id})
        self._drafts[type, id] = draft
        return draft

    def _chosen(self, type: str) -> str:
        """An id for a new resource."""
        ids = self._ids.get(type)
        return ids.pop(0) if ids else self._new_id()

    def judge(self) -> None:
        """Have the drafts judged.

        Raises:
            InvalidError: One of them breaks rules; carries the issues.
        """
        for draft in self._drafts.values():
            issues = self._check(draft.resource)
            if has_errors(issues):
                raise InvalidError(f"{draft.type}: not as its profile asks", issues=issues)

    def drop(self) -> None:
        """Forget the drafts."""
        self._drafts.clear()

    def write(self) -> list[Version]:
        """Write the drafts, which have been judged."""
        drafts, self._drafts = self._drafts, {}
        return [self._written(draft) for draft in drafts.values()]

    def _written(self, draft: Known) -> Version:
        known = self._known.get((draft.type, draft.id))
        if known is None:
            version = self._turn.create(draft.resource, id=draft.id)
        else:
            version = self._turn.update(draft.resource)
        self._keep(version)
        before = {} if known is None else known.resource
        if draft.resource.get("identifier") != before.get("identifier"):
            self._rename(draft, before)
        return version

    def _rename(self, draft: Known, before: Resource) -> None:
        """Say by what a resource is found that was found by other names before."""
        held = self._holders.get(draft.type, {})
        for name in names_of(before):
            held.get(name, set()).discard(draft.id)
        for name in names_of(draft.resource):
            if name in held:
                held[name].add(draft.id)

    def _search(self, wanted: Mapping[str, Collection[Name]]) -> None:
        """Find out who has each of these names, by type."""
        for type, names in wanted.items():
            self._holders[type].update((name, set()) for name in names)
        for version in self._turn.identified(wanted):
            held = self._holders[version.type]
            for name in names_of(self._keep(version).resource):
                if name in held:
                    held[name].add(version.id)

    def _keep(self, version: Version) -> Known:
        known = Known(version.type, version.id, version.resource or {})
        self._known[version.type, version.id] = known
        return known

    def _having(self, type: str, name: Name) -> set[str]:
        """Ids of the resources that have a name, with the drafts as they are."""
        ids = self._holders[type][name]
        drafts = [draft for draft in self._drafts.values() if draft.type == type]
        if not drafts:
            return ids
        having = {draft.id for draft in drafts if name in names_of(draft.resource)}
        return (ids - {draft.id for draft in drafts}) | having
