"""Who is listened for: those who listen are kept in step with the resources that say so."""

import structlog

from careloom.model.errors import CareloomError
from careloom.notify.states import write_status
from careloom.notify.subscribers import Subscriber, Subscribers
from careloom.notify.subscriptions import read_subscription
from careloom.notify.topics import TopicRegistry
from careloom.search import parse_query
from careloom.store import Change, HistoryQuery, Repository, Version

_log = structlog.get_logger("careloom.notify")


class Listening:
    """Keeps `Subscribers` as the Subscription resources of a record have them.

    Attributes:
        subscribers: Those who listen.
    """

    def __init__(self, repository: Repository, topics: TopicRegistry) -> None:
        self._repository = repository
        self._topics = topics
        self.subscribers = Subscribers(topics)

    async def as_of(self, matched_to: int, version: Version) -> None:
        """Listen as a subscription stood where matching had come to; its later versions come in the change log.

        What happened before it was changed and is not matched yet is judged by what it asked for then.
        """
        stood = [version]
        if version.sequence > matched_to:
            query = HistoryQuery(types=("Subscription",), id=version.id, beyond=matched_to + 1, count=1)
            stood = [*(await self._repository.history(query)).versions]
        for each in stood:
            await self._listen(each, matched_to)

    async def changed(self, change: Change) -> None:
        """A Subscription was changed."""
        current = await self._repository.read("Subscription", change.id)
        version = await self._repository.vread("Subscription", change.id, change.version_id)
        if current is None or current.resource is None or version is None:
            self.subscribers.drop(change.id)
        else:
            await self._listen(version)

    async def _listen(self, version: Version, matched_to: int = 0) -> None:
        """Match changes for this subscription from its first version on, unless it is off.

        Args:
            version: Of the subscription.
            matched_to: How far everything is matched already: of what comes after, a version before is older.
        """
        if version.resource is None:
            return
        try:
            subscription = read_subscription(version.resource, self._topics)
        except CareloomError as error:
            _log.error("subscription cannot be served", id=version.id, error=str(error))
            self.subscribers.drop(version.id)
            if version.resource.get("status") in ("requested", "active"):  # whoever counts on it is to know
                await write_status(self._repository, version.id, version.version_id, "error", str(error))
            return
        if subscription.status == "off":
            self.subscribers.drop(version.id)
            return
        is_old = version.version_id == "1" or version.sequence <= matched_to
        first = None if is_old else await self._repository.vread("Subscription", version.id, "1")
        self.subscribers.put(Subscriber(subscription, first.sequence if first else version.sequence))


async def all_subscriptions(repository: Repository, topics: TopicRegistry) -> list[Version]:
    """Every Subscription of a record as it is now."""
    query = parse_query("Subscription", [("_count", "1000")], topics.parameters, strict=True)
    page = await repository.search(query)
    found = list(page.matches)
    while page.next:
        token = [("_count", "1000"), ("_page", page.next)]
        page = await repository.search(parse_query("Subscription", token, topics.parameters, strict=True))
        found += page.matches
    return found
