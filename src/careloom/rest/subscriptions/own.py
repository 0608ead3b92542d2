"""The subscriptions of the client that asks: nobody else's are known to it."""

from typing import Final

from careloom.model.errors import MalformedError, NotFoundError, NotSupportedError
from careloom.model.parameters import Inputs
from careloom.model.records import replace
from careloom.notify.console.gathering import STATES
from careloom.notify.subscriptions import OWNER_SYSTEM, Subscription, read_subscription
from careloom.notify.telling import Telling
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest
from careloom.rest.operation import Parameter
from careloom.rest.operations.addressed import addressed_version, resource_of
from careloom.rest.ownership import known
from careloom.search.conditions import Comparison
from careloom.search.operands import TokenOperand
from careloom.search.query import Query
from careloom.store import Version

PAGE: Final = 500

BY_STATE: Final = Parameter("status", "code", most="*", about="only those in one of these states")
"""What narrows an operation on subscriptions to some of them."""


def asked_states(given: Inputs) -> tuple[str, ...]:
    """The states that an operation is narrowed to; all without any.

    Raises:
        MalformedError: One that there is not, which would find nothing and look as if all were well.
    """
    states = given.texts(BY_STATE.name)
    for state in states:
        if state not in STATES:
            raise MalformedError(f"status: {', '.join(STATES)} expected, found {state[:80]!r}", expression="status")
    return states


def telling_of(hub: Hub) -> Telling:
    """What the hub knows of telling.

    Raises:
        NotSupportedError: It tells nobody anything.
    """
    if hub.telling is None:
        raise NotSupportedError("this hub has no subscriptions")
    return hub.telling


async def addressed_subscription(request: FhirRequest, hub: Hub) -> tuple[Version, Subscription]:
    """The subscription in the address.

    Raises:
        NotFoundError: There is none, or it is another client's.
        DeletedError: It was deleted.
        InvalidError: Its topic is not in force any more.
    """
    version = await addressed_version(request, hub)
    return version, read_subscription(resource_of(version), telling_of(hub).topics)


async def own_by_id(ids: tuple[str, ...], request: FhirRequest, hub: Hub) -> list[Version]:
    """Those of some ids.

    Raises:
        NotFoundError: There is no such subscription, or it is another client's.
    """
    found = []
    for id in dict.fromkeys(ids):
        version = known(await hub.repository.read("Subscription", id), request, hub)
        if version is None or version.resource is None:
            raise NotFoundError(f"Subscription/{id} is not known")
        found.append(version)
    return found


async def all_own(request: FhirRequest, hub: Hub) -> list[Version]:
    """All of the client that asks, newest first."""
    assert request.grant is not None
    mine = Comparison("_tag", "token", (TokenOperand(OWNER_SYSTEM, request.grant.client),))
    query = Query("Subscription", (mine,), count=PAGE, total="none")
    page = await hub.repository.search(query)
    found = list(page.matches)
    while page.next:
        page = await hub.repository.search(replace(query, page=page.next))
        found += page.matches
    return found
