"""The resources of a transaction as it will most likely write them, made ready before its turn.

What an entry becomes depends on ids: its own, and those of the resources it refers to. Most of them are known before
the turn (addresses, new ids) and the rest can be guessed (a conditional create seldom finds anything but what a look
at the record finds now). So each resource is linked and prepared outside the turn under these guesses, and the turn,
which alone can tell, only compares: where a guess that went into a resource was wrong, that one is made again.
"""

from collections.abc import Iterable, Iterator, Mapping

from careloom.model.records import dataclass
from careloom.model.resource import Resource
from careloom.model.room import ROOM
from careloom.rest.entries import Entry
from careloom.rest.hub import Hub
from careloom.rest.plain import is_plain
from careloom.rest.relinking import relink
from careloom.search import Query
from careloom.store import Prepared

Links = Mapping[str, str]
"""From ``fullUrl`` or reference by search to ``Type/id``."""


@dataclass(frozen=True, slots=True)
class Made:
    """A resource as a transaction would write it.

    Attributes:
        id: Guess of its id.
        used: The links that went into it; an empty target where nothing was found.
        prepared: The resource, ready for the store.
        is_plain: Whether nothing else is asked of its entry, see `careloom.rest.plain`.
    """

    id: str
    used: Links
    prepared: Prepared
    is_plain: bool

    def holds(self, id: str, links: Links) -> bool:
        """Whether all that was guessed turned out to be so."""
        used = self.used
        return self.id == id and (not used or all(links.get(text) == target for text, target in used.items()))


async def found_references(references: Mapping[str, Query], hub: Hub) -> dict[str, str]:
    """Where references by search lead to as the record is now; those that lead to one resource."""
    found = {}
    for text, query in references.items():
        matches = (await hub.repository.search(query)).matches
        if len(matches) == 1:
            found[text] = matches[0].reference
    return found


def make_ready(entries: Iterable[Entry], references: Links, hub: Hub) -> dict[int, Made]:
    """The resources that entries create and update, by the number of their entry."""
    writing = [entry for entry in ROOM.paced(entries) if _writes_body(entry)]
    ids = {entry.number: _guessed_id(entry, hub) for entry in ROOM.paced(writing)}
    named = {entry.full_url: f"{entry.request.type}/{ids[entry.number]}" for entry in writing if entry.full_url}
    links = {**named, **references}
    used: dict[int, Links] = {}

    def linked() -> Iterator[tuple[Resource, str]]:
        for entry in ROOM.paced(writing):
            resource, used[entry.number] = _linked(entry, ids[entry.number], links, hub)
            yield resource, ids[entry.number]

    prepared = zip(writing, hub.repository.prepare_many(linked()), strict=True)
    return {
        entry.number: Made(ids[entry.number], used[entry.number], ready, is_plain(entry.request, hub))
        for entry, ready in prepared
    }


def _writes_body(entry: Entry) -> bool:
    return entry.interaction.body == "resource" and entry.interaction.operation is None and bool(entry.request.body)


def _guessed_id(entry: Entry, hub: Hub) -> str:
    sent = (entry.request.body or {}).get("id")
    if entry.request.method == "PUT":
        return entry.request.id or (sent if isinstance(sent, str) else hub.new_id())
    return hub.new_id()


def _linked(entry: Entry, id: str, links: Links, hub: Hub) -> tuple[Resource, Links]:
    """The resource of an entry under its id, and the links that went into it."""
    body = entry.request.body or {}
    used: dict[str, str] = {}
    linked = relink({**body, "id": id}, links, entry.full_url, hub.types, used)
    if entry.searches:
        used |= {text: links.get(text, "") for text in entry.searches}
    return linked, used
