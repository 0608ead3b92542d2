"""MSH-11: what is meant for training or for the search for faults does not get among the records of care."""

from dataclasses import replace

import pytest
from tests.integration.hl7v2.conftest import Desk, adt

from careloom.connectors.hl7v2 import Hl7v2Source, load_tables, parse


def meant_for(processing: str) -> bytes:
    return adt("A28").replace(b"|P|2.5.1", f"|{processing}|2.5.1".encode())


@pytest.mark.parametrize("processing", ["P", "P^A", ""])
async def test_what_is_meant_for_care_is_taken_and_so_is_what_says_nothing(desk: Desk, processing: str) -> None:
    assert "AA" == await desk.take(meant_for(processing))


@pytest.mark.parametrize("processing", ["T", "D", "T^A", "X", "p"])
async def test_anything_else_is_rejected_with_the_code_for_it(desk: Desk, processing: str) -> None:
    answer = parse(await desk.source.take(meant_for(processing)))
    assert ("AR", "202") == (answer.first("MSA").value(1).text, answer.first("ERR").value(3).component(1))
    assert "MSH-11: P (production) expected at this port" in answer.first("ERR").value(8).text
    assert [] == await desk.every("Patient")


async def test_a_port_for_training_takes_what_is_meant_for_it_alone(desk: Desk) -> None:
    training = replace(desk, source=Hl7v2Source(desk.source.intake, load_tables(), lambda _: [], ("T", "D")))
    assert ["AA", "AR"] == [await training.take(meant_for(each)) for each in ("T", "P")]
