"""batch: several requests in one body, each on its own: one may fail and the rest go on."""

import asyncio
from typing import Any

from careloom.model.errors import CareloomError
from careloom.rest.entries import Allowance, Common, answer_bundle, as_asked, elements, for_entries, read_entry, telling
from careloom.rest.hub import Hub
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.outcomes import refusal
from careloom.rest.perform import perform

ABREAST = 16
"""Entries in progress at a time; enough for writes to share commits, few enough for others to be served between."""


async def batch(request: FhirRequest, hub: Hub) -> FhirResponse:
    """``POST`` of a Bundle of type batch: each entry is decided, performed and audited as if it had come alone.

    Source: FHIR R4, 3.1.0.11.1 batch processing rules.
    """
    assert request.body is not None
    turnstile = asyncio.Semaphore(ABREAST)
    allowance = Allowance(hub.limits.answers)

    async def answer(number: int, element: Any) -> FhirResponse:
        async with turnstile:
            return allowance.spend(await _answer(number, element, common, hub, allowance))

    common = for_entries(request)
    entries = enumerate(elements(request.body, hub))
    responses = await asyncio.gather(*(answer(number, element) for number, element in entries))
    return answer_bundle("batch-response", responses)


async def _answer(number: int, element: Any, common: Common, hub: Hub, allowance: Allowance) -> FhirResponse:
    try:
        with telling(number):
            allowance.require()
            entry = read_entry(number, element, common, hub)
    except CareloomError as error:
        return refusal(error)
    return as_asked(entry.request, await perform(entry.interaction, entry.request, hub))
