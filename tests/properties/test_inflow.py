"""Whatever is sent, it is understood or refused with an error of ours: no shape of JSON or XML breaks a connector."""

import asyncio
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.connectors.nems.events import a_change_of_gp, a_death, a_stay

from careloom.connectors.inflow import Inflow
from careloom.connectors.intake import Brought
from careloom.connectors.nems import EventRules, as_r4
from careloom.definitions import Definitions
from careloom.model.errors import CareloomError
from careloom.model.instants import utc_now
from careloom.model.xml import parse_xml
from careloom.notify.signals import Signal, signal_bundle
from careloom.search import SearchParameters
from careloom.store import MemoryRepository
from careloom.validation import Options, Validator

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 7, "", "text", [], [None], {}, {"resource": None}, {"resource": {}}, [[]]]
)
KNOWN = {
    "resourceType": "Patient",
    "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990548609"}],
    "extension": [{"url": "urn:known", "valueString": "x"}],
}
SIGNAL = Signal("1", "uk.nhs.pds", "pds-death-2", "2026-11-22T10:00:00Z", "https://pds.example/Patient/p")


@pytest.fixture(scope="module")
def parameters(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions)


@pytest.fixture(scope="module")
def inflow(definitions: Definitions) -> Inflow:
    validator = Validator(definitions, options=Options(extension_domains=("http",)))
    return Inflow(EventRules(utc_now, validator.validate), definitions.types)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in items for place in places(each, (*path, key)))]


def with_odd(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """The value with something else at a path."""
    if not path:
        return odd
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = with_odd(value[path[0]], path[1:], odd)
    return copy


@settings(deadline=None)  # the first one compiles the schemas
@given(data=st.data(), odd=ODD)
def test_a_message_with_something_odd_in_it_is_taken_or_refused(
    data: st.DataObject, odd: Any, inflow: Inflow, parameters: SearchParameters
) -> None:
    messages = [parse_xml(as_r4(each), inflow.types) for each in (a_change_of_gp(), a_death("2"), a_stay())]
    message = data.draw(st.sampled_from([*messages, signal_bundle(SIGNAL, "https://mns.example/s")]))
    changed = with_odd(message, data.draw(st.sampled_from(places(message))), odd)
    try:
        brought = inflow.message("client", "application/json", json.dumps(changed).encode())
    except CareloomError:
        return
    asyncio.run(written(brought, parameters))


async def written(brought: Brought, parameters: SearchParameters) -> None:
    """Have it written, or refused, on a record where the patient is known already."""
    repository = MemoryRepository(tenant="t", parameters=parameters, clock=utc_now)
    await repository.commit(lambda turn: turn.create(KNOWN))
    with contextlib.suppress(CareloomError):
        await repository.commit(brought.write)


@given(data=st.binary(max_size=200), media=st.sampled_from(["", "application/cloudevents+json", "text/xml"]))
def test_bytes_are_taken_or_refused(data: bytes, media: str, inflow: Inflow) -> None:
    for sent in (data, b"<" + data, b"<event>" + data, b'{"resourceType": "Bundle", "type": "message"}' + data):
        try:
            inflow.message("client", media, sent)
        except CareloomError:
            continue
