"""$topic-list: the topics that can be subscribed to, each as R5 would have it, in the form that R4 has for it."""

from careloom.notify.topics.resource import basic_topic
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.operation import Operation, Parameter
from careloom.rest.operations.searchset import link, searchset
from careloom.rest.parameters import inputs
from careloom.rest.subscriptions.own import telling_of

_TAKES = (Parameter("url", "uri", most="*", about="only these topics, by their canonical URLs"),)


async def topic_list(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``GET Subscription/$topic-list``.

    Raises:
        NotSupportedError: The hub tells nobody anything.
    """
    urls = inputs(request, _TAKES).texts("url")
    topics = [basic_topic(topic) for topic in telling_of(hub).topics if not urls or topic.url in urls]
    entries = [
        {"fullUrl": f"urn:uuid:{topic['id']}", "resource": topic, "search": {"mode": "match"}} for topic in topics
    ]
    links = [link("self", request, request.parameters, hub)]
    return FhirResponse(200, searchset(request, hub, entries, total=len(entries), links=links))


TOPICS = Operation(
    "topic-list",
    topic_list,
    title="The topics that can be subscribed to",
    definition="http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscriptiontopic-list",
    levels={"type": ""},
    types=("Subscription",),
    takes=_TAKES,
    gives=(Parameter("return", "Bundle", least=1),),
)
"""$topic-list."""
