"""The record as everybody above the store sees it: versions, changes, and the turn in which they are written.

A write is a plain function, called with a `Turn` when its turn comes. Turns follow one another, never side by side,
and each sees all that was written before it: a condition tested in a turn still holds when that turn writes, so no
race makes a duplicate. What a turn writes (versions, search index, audit and change-log rows) becomes durable together
or not at all, and `Repository.commit` returns only when it is durable.

Every version has a ``sequence``, a number that grows in the order of commits; it is the order of history, of search
results unless sorted otherwise, and of the change feed.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from careloom.model import Resource
from careloom.model.records import dataclass, field
from careloom.search import Query, SearchParameters
from careloom.store.audit_form import AuditForm
from careloom.store.erasure import Erasure
from careloom.store.events import EventLog
from careloom.store.history import HistoryPage, HistoryQuery
from careloom.store.versions import Interaction, Text, Version

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the change log, written in the commit of the version it tells of.

    Attributes:
        sequence: That of the version.
        type: Resource type.
        id: Logical id.
        version_id: The version that was written.
        interaction: As in `Version`.
        previous_version_id: The living version it replaced; None where there was none.
        recorded: When, in UTC.
        cause: Who caused it: the client id given to `Repository.commit`.
    """

    sequence: int
    type: str
    id: str
    version_id: str
    interaction: Interaction
    previous_version_id: str | None
    recorded: datetime
    cause: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some rows of the change log, of which only those of certain types are told.

    Attributes:
        changes: Those of the types.
        to: Sequence of the last row that was looked at; where there was none, that from which it was looked on.
        is_end: Whether that was the last row there is.
    """

    changes: Sequence[Change]
    to: int
    is_end: bool


@dataclass(frozen=True, slots=True)
class Page:
    """One page of search results.

    Attributes:
        matches: What matches, in the order asked for, at most as many as the query's count.
        included: What ``_include`` adds, none of it twice or among the matches of this page.
        total: How many match over all pages, as of the first page; None where they were not counted to the end.
        next: Token of the page that follows, to be handed back in the query; None on the last.
    """

    matches: tuple[Version, ...]
    included: tuple[Version, ...] = ()
    total: int | None = None
    next: str | None = None


class InForce(Protocol):
    """By what a resource was prepared, which may not be in force any more when it is written."""

    @property
    def in_force(self) -> bool:
        """Whether resources are still found so."""
        ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """A resource made ready to be written, by `Repository.prepare`.

    Attributes:
        content: As it will be stored but for ``meta.versionId`` and ``meta.lastUpdated``; it has its ``id``.
        id: Its logical id.
        by: What it was prepared by; None where nothing was worked out.
    """

    content: Resource | AuditForm
    id: str
    by: InForce | None = field(default=None, kw_only=True, compare=False, repr=False)

    @property
    def resource(self) -> Resource:
        """The content, written out."""
        return self.content.written_out() if isinstance(self.content, AuditForm) else self.content

    @property
    def is_outdated(self) -> bool:
        """Whether what was worked out is to be worked out again, since search parameters have changed."""
        return self.by is not None and not self.by.in_force


class Turn(Protocol):
    """The record as the writer sees it in its turn; usable only until the work returns.

    All methods are synchronous, and see what this turn and those before it have written.
    """

    @property
    def is_aside(self) -> bool:
        """Whether it runs beside the turns of others, so that work in it may take its time."""
        ...

    def expect(self, resources: Iterable[tuple[str, str]], *, new: Iterable[tuple[str, str]] = ()) -> None:
        """Announce which resources will be read or written: a store may look at all of them at once.

        It changes nothing but the time that takes.

        Args:
            resources: By type and id.
            new: Those that will be created by ids that were made for them: a store may not look at them at all.
        """
        ...

    def read(self, type: str, id: str) -> Version | None:
        """The current version, which may be a deletion; None if there never was one."""
        ...

    def search(self, query: Query) -> list[Version]:
        """The matches of the query's first page, without includes and total."""
        ...

    def identified(self, identifiers: Mapping[str, Collection[tuple[str, str]]]) -> list[Version]:
        """The living resources with one of these identifiers, in no order.

        It finds what searches by ``identifier`` would, for many at once.

        Args:
            identifiers: By resource type, whose ``identifier`` is a list of them: system and value, the system empty
                where there is none.

        Raises:
            UnavailableError: The search parameter has just changed.
        """
        ...

    def create(self, resource: Resource | Prepared, *, id: str | None = None) -> Version:
        """Record a new resource, under a new id unless one is given; a prepared one under its own.

        The resource handed in is left as it is; any ``id`` in it is ignored.

        Raises:
            ConflictError: There is a living resource by the given id.
        """
        ...

    def update(self, resource: Resource | Prepared) -> Version:
        """Record a new version of ``Type/id`` as the resource names it, the first one if need be.

        Raises:
            InvalidError: The resource has no ``id``.
        """
        ...

    def enter(self, resources: Iterable[Prepared], *, are_new: bool) -> list[Version | None]:
        """Record prepared resources of which there never was any, each as `update` would.

        Args:
            resources: Each under its own id, none of them twice.
            are_new: Whether their ids were made for them, as for `create`.

        Returns:
            Their first versions in the same order; None where nothing was done, since there is or was such a resource,
            or something is wrong with it that `create` and `update` say.
        """
        ...

    def delete(self, type: str, id: str) -> Version | None:
        """Record that a resource is gone.

        Returns:
            The deletion; the earlier one if it was gone already; None if there never was such a resource.
        """
        ...

    def audit(self, event: Resource | AuditForm | Prepared) -> str:
        """Record an AuditEvent: read and searched like any resource, but without a row in the change log.

        It keeps its ``id`` if it has one, and gets a new one otherwise.

        Returns:
            Its id.

        Raises:
            ConflictError: An AuditEvent by that id is already recorded.
        """
        ...

    def once(self, scope: str, key: str, until: datetime) -> bool:
        """Whether this key is seen for the first time in its scope.

        The key is remembered until the instant given; after that it may be seen for the first time again.
        """
        ...

    def seen(self, scope: str, keys: Collection[str]) -> frozenset[str]:
        """Those of these keys that `once` or `remember` has seen in a scope, and that are still remembered."""
        ...

    def remember(self, scope: str, keys: Collection[str], until: datetime) -> None:
        """See keys that `seen` has found to be new in a scope; for many, what `once` does for one."""
        ...


class Repository(Protocol):
    """The record: reads at any time, writes in turn.

    Methods raise UnavailableError when the disk or database does not answer: nothing of that call is then recorded.
    """

    @property
    def parameters(self) -> SearchParameters:
        """What resources are found by at present; those whose values are still being worked out say so."""
        ...

    @property
    def events(self) -> EventLog:
        """What notify keeps, in the same store."""
        ...

    async def read(self, type: str, id: str) -> Version | None:
        """The current version, which may be a deletion; None if there never was one."""
        ...

    async def read_text(self, type: str, id: str) -> Text | None:
        """What `read` gives, for who only hands it on."""
        ...

    async def vread(self, type: str, id: str, version_id: str) -> Version | None:
        """One version, which may be a deletion; None if there is no such version."""
        ...

    async def unit_end(self, sequence: int) -> int:
        """The sequence of the last version that the unit wrote which wrote this one."""
        ...

    async def history(self, query: HistoryQuery) -> HistoryPage:
        """One page of versions, deletions among them, of a type or of several."""
        ...

    async def search(self, query: Query) -> Page:
        """One page of what matches, as of the first page, whatever is written meanwhile.

        Raises:
            InvalidError: The query's page token is not one that was given out for this query.
        """
        ...

    def prepare(self, resource: Resource | AuditForm, *, id: str | None = None) -> Prepared:
        """Make a resource ready to be written: index values, packed body, whatever takes time and needs no turn.

        To be called before the turn, on any thread; it computes and may read a little. The resource is prepared
        under the id given, else under a new one, which `Turn.create` then keeps; a form under its own.
        """
        ...

    def prepare_many(self, resources: Iterable[tuple[Resource, str]]) -> list[Prepared]:
        """The same of many resources, each with its id; they are taken one by one."""
        ...

    async def erase(self, type: str, id: str) -> Erasure:
        """Take out for good a resource and what is in its compartment, all versions with all they are found by.

        Audit records stay. A resource that has left the compartment keeps the versions that are not in it.
        Nothing is told in the change log. What a crash interrupts is finished by asking again.

        Returns:
            The record of it, which is durable.
        """
        ...

    async def commit(self, work: Callable[[Turn], T], *, cause: str = "", size: int = 0, is_light: bool = False) -> T:
        """Run the work in the writer's turn, and return its result once all it wrote is durable.

        Where ``size`` announces that it will write very many versions, a store may do it beside the turns of others,
        with the same outcome; the work may then be run twice. So it may where it ``is_light``, which it is if it reads
        and writes a few resources by their ids and searches for nothing: a store may do that at once where it is.

        An exception raised by the work undoes what this work wrote, nothing else, and is raised here.
        The work runs on another thread or on the event loop: it computes and returns, and waits for nothing.
        """
        ...

    async def renew_parameters(self) -> None:
        """Take up what SearchParameter resources were recorded, changed or deleted since the last look.

        A store does so by itself at its opening and behind each commit of its own that writes one; it has to be asked
        from time to time for what other processes have written. `parameters` is another registry when it has: see
        `careloom.search.custom` for which of them count. What is held is indexed beside the work.
        """
        ...

    async def changes(self, after: int, limit: int) -> list[Change]:
        """The next rows of the change log, oldest first.

        Args:
            after: They have a sequence over this.
            limit: How many there are at most.
        """
        ...

    async def changes_of(self, types: Collection[str], after: int, limit: int) -> Stretch:
        """The changes of some resource types among the next rows of the change log, oldest first.

        Args:
            types: The types.
            after: The rows have a sequence over this.
            limit: How many rows of all types are looked at.
        """
        ...

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Have a function called on the event loop after each commit that wrote to the change log."""
        ...

    async def close(self) -> None:
        """Finish the turns that are waiting, then let go of everything; a second call does nothing."""
        ...
