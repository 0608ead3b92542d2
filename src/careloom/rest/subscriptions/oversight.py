"""Who oversees telling: it sees how everybody's subscriptions are delivered, and has events told once more.

A subscription is its client's own. Those who run the hub must see that it works all the same, so who may read
Subscription for the purpose HSYSADMIN, health system administration, sees of each how it stands and nothing that might
name a patient; who may update it for that purpose may have its events told once more, to where they go anyway.
"""

from careloom.notify.console import OVERSIGHT, View
from careloom.rest.access import judge_right
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest
from careloom.rest.operations.addressed import living
from careloom.rest.ownership import known
from careloom.rest.subscriptions.own import telling_of
from careloom.store import Version


def oversees(request: FhirRequest, hub: Hub, interaction: str = "read") -> bool:
    """Whether the client of a request may do something to the subscriptions of all."""
    assert request.grant is not None
    return request.grant.purpose == OVERSIGHT and judge_right(interaction, "Subscription", request, hub).permit


def view_of(request: FhirRequest, hub: Hub) -> View:
    """From where the client of a request looks.

    Raises:
        NotSupportedError: The hub tells nobody anything.
    """
    assert request.grant is not None
    return View(
        repository=hub.repository,
        topics=telling_of(hub).topics,
        registry=hub.registry,
        client=request.grant.client,
        oversees=oversees(request, hub),
        may_replay=oversees(request, hub, "update"),
    )


async def overseen_version(request: FhirRequest, hub: Hub, interaction: str = "read") -> Version:
    """The subscription in the address: one of the client's own, or any for who oversees.

    Raises:
        NotFoundError: There is none, or it is another client's.
        DeletedError: It was deleted.
    """
    version = await hub.repository.read("Subscription", request.id)
    seen = version if oversees(request, hub, interaction) else known(version, request, hub)
    return living(seen, f"Subscription/{request.id}")
