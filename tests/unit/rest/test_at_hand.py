"""Which writes are made ready on the event loop."""

import threading
from typing import Any

import pytest

from careloom.model.errors import InvalidError
from careloom.rest.at_hand import MOST_KINDS, SMALL, AtHand
from careloom.rest.messages import FhirRequest

PATIENT = {"resourceType": "Patient", "active": True}


def refuse() -> None:
    raise InvalidError("no")


def asked(body: dict[str, Any], size: int = 100) -> FhirRequest:
    return FhirRequest(code="create", method="POST", url="Patient", body=body, size=size)


def bundle(*resources: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": each} for each in resources]}


async def is_here(at_hand: AtHand, body: dict[str, Any], *, size: int = 100, apart: str = "") -> bool:
    return await at_hand.make(threading.get_ident, asked(body, size), apart={apart}) == threading.get_ident()


async def test_the_first_of_a_kind_goes_to_a_worker_thread_and_the_next_ones_do_not() -> None:
    at_hand = AtHand()
    assert not await is_here(at_hand, PATIENT)
    assert await is_here(at_hand, {**PATIENT, "active": False})


@pytest.mark.parametrize(
    "other",
    [
        {**PATIENT, "gender": "female"},
        {**PATIENT, "meta": {"profile": ["https://example.org/profile"]}},
        {"resourceType": "Person", "active": True},
        bundle(PATIENT, {"resourceType": "Person", "active": True}),
    ],
    ids=["element", "profile", "type", "entry"],
)
async def test_what_has_not_been_met_yet_is_of_another_kind(other: dict[str, Any]) -> None:
    at_hand = AtHand()
    await is_here(at_hand, PATIENT)
    assert not await is_here(at_hand, other)
    assert await is_here(at_hand, other)


async def test_a_small_bundle_of_known_kinds_is_made_ready_here() -> None:
    at_hand = AtHand()
    await is_here(at_hand, PATIENT)
    assert await is_here(at_hand, bundle(PATIENT, PATIENT, "no resource"))


@pytest.mark.parametrize("size", [SMALL + 1, 0], ids=["large", "of a size that nobody knows"])
async def test_what_may_be_large_goes_to_a_worker_thread(size: int) -> None:
    at_hand = AtHand()
    await is_here(at_hand, PATIENT)
    assert not await is_here(at_hand, PATIENT, size=size)


async def test_types_that_are_kept_apart_always_go_to_a_worker_thread() -> None:
    at_hand = AtHand()
    for _ in range(2):
        assert not await is_here(at_hand, PATIENT, apart="Patient")


async def test_what_was_refused_has_not_been_met() -> None:
    at_hand = AtHand()
    with pytest.raises(InvalidError):
        await at_hand.make(refuse, asked(PATIENT))
    assert not await is_here(at_hand, PATIENT)


async def test_kinds_without_end_are_not_remembered() -> None:
    at_hand = AtHand()
    await is_here(at_hand, PATIENT)
    await is_here(at_hand, bundle(*({"resourceType": "Basic", f"x{number}": 1} for number in range(MOST_KINDS))))
    assert not await is_here(at_hand, PATIENT)
