"""What is posted to the base address: a batch or a transaction."""

from careloom.model.errors import MalformedError
from careloom.model.resource import resource_type
from careloom.rest.batch import batch
from careloom.rest.hub import Hub
from careloom.rest.interaction import Answer
from careloom.rest.messages import FhirRequest
from careloom.rest.transaction import transaction


async def bundle(request: FhirRequest, hub: Hub) -> Answer:
    """``POST [base]`` with a Bundle of type batch or transaction.

    Raises:
        MalformedError: Anything else.
    """
    body = request.body or {}
    if resource_type(body) != "Bundle" or body.get("type") not in ("batch", "transaction"):
        found = f"{resource_type(body)} of type {body.get('type')!r}"
        raise MalformedError(f"a Bundle of type batch or transaction expected, found {found}")
    if body["type"] == "batch":
        return await batch(request, hub)
    return await transaction(request, hub)
