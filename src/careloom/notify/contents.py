"""What may be said of events at the moment they are told: policy asked again, and the versions that matched.

Content is what the record held when the event happened, also of what the focus refers to: a patient who has moved
since is told of with the address that the discharge knew. Each resource is asked for by itself, since who may know of
an Encounter need not be one who may know its Patient.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from careloom.model.records import replace
from careloom.notify.matcher import MayTell
from careloom.notify.notification import Silence, Told
from careloom.notify.subscriptions import Subscription
from careloom.notify.topics import LEVELS, Content, TopicRegistry
from careloom.search import index_values
from careloom.store import HistoryQuery, Repository, SubscriptionEvent, Version

MOST_CONTEXT: Final = 20
"""Resources that are told along with one event."""


class Contents:
    """Gives events their content, as far as their subscriber may know it now."""

    def __init__(self, repository: Repository, topics: TopicRegistry, may_tell: MayTell) -> None:
        self._repository = repository
        self._topics = topics
        self._may_tell = may_tell
        self._levels: dict[tuple[str, Content], Content] = {}

    async def told(
        self,
        subscription: Subscription,
        events: Sequence[SubscriptionEvent],
        content: Content,
        *,
        dead: Collection[int] = (),
    ) -> list[Told]:
        """What may be said of consecutive events.

        Args:
            subscription: Whose they are.
            events: In order.
            content: How much is asked for; a topic may allow less.
            dead: Numbers of those that were put aside and are not said again; whoever asks for them is told of them.
        """
        if not events:
            return []
        found = [Told(event, self._silence(subscription, event, dead)) for event in events]
        if subscription.delivering.coalesce:
            found = list(_coalesced(found))
        if self.level(content, events) == "full-resource":
            found = [await self._filled(subscription, each) for each in found]
        return found

    def level(self, content: Content, events: Sequence[SubscriptionEvent]) -> Content:
        """How much is said of events whose topics may have been narrowed since they were subscribed to."""
        levels = (self._level_of(url, content) for url in {event.topic for event in events})
        return min(levels, key=LEVELS.index, default=content)

    def _level_of(self, url: str, content: Content) -> Content:
        """How much of what is asked for a topic allows; one that is not in force any more forbids nothing."""
        found = self._levels.get((url, content))
        if found is None:
            topic = self._topics.find(url)
            found = self._levels[url, content] = min(content, topic.content, key=LEVELS.index) if topic else content
        return found

    def _silence(self, subscription: Subscription, event: SubscriptionEvent, dead: Collection[int]) -> Silence:
        if event.number in dead:
            return "dead-letter"
        return "" if self._may_tell(subscription, event.focus) else "denied"

    async def _filled(self, subscription: Subscription, told: Told) -> Told:
        if told.silence:
            return told
        type, _, id = told.event.focus.partition("/")
        focus = await self._repository.vread(type, id, told.event.version_id)
        context = await self._context(subscription, told.event, focus) if focus else []
        return replace(told, focus=focus, context=tuple(context))

    async def _context(self, subscription: Subscription, event: SubscriptionEvent, focus: Version) -> list[Version]:
        """What the topic tells along, as it was when the event happened, and all that was written together with it."""
        referred = [each for each in self._referred(event, focus) if self._may_tell(subscription, "/".join(each))]
        end = await self._repository.unit_end(event.sequence) if referred else event.sequence
        found: list[Version] = []
        for type, id in referred:
            query = HistoryQuery(types=(type,), id=id, beyond=end + 1, count=1)
            found += (await self._repository.history(query)).versions
        return [version for version in found if version.resource is not None]

    def _referred(self, event: SubscriptionEvent, focus: Version) -> list[tuple[str, str]]:
        topic = self._topics.find(event.topic)
        codes = (
            [code for type, _, code in (each.partition(":") for each in topic.include) if type == focus.type]
            if topic
            else []
        )
        if not codes or focus.resource is None:
            return []
        references = index_values(focus.resource, self._topics.parameters, only=codes).references
        found = dict.fromkeys((each.type, each.id) for code in codes for each in references.get(code, ()) if each.id)
        return list(found)[:MOST_CONTEXT]


def _coalesced(told: Sequence[Told]) -> Iterator[Told]:
    """The events, of which those are silent whose focus a later one of them tells of again."""
    latest = {each.event.focus: each.event.number for each in told if not each.silence}
    for each in told:
        is_past = not each.silence and latest[each.event.focus] != each.event.number
        yield replace(each, silence="coalesced") if is_past else each
