"""An NHS number with a slip in it is nobody's: it is kept to be looked at, told in the answer, and finds nobody."""

import pytest
from tests.integration.hl7v2.conftest import Desk, adt

from careloom.connectors.hl7v2 import parse
from careloom.model.nhs_number import NHS_NUMBER, UNVERIFIED

GOOD, WRONG = "9990548609", "9990548600"


def about(*identifiers: str) -> str:
    return f"1||{'~'.join(identifiers)}||Okafor^Ada||19870312|F"


async def numbers(desk: Desk) -> dict[str, str]:
    """By system, the identifiers of the one patient."""
    return {each["system"]: each["value"] for each in (await desk.only("Patient"))["identifier"]}


async def test_it_is_kept_as_unverified_and_the_answer_warns(desk: Desk) -> None:
    answer = parse(await desk.source.take(adt("A28", pid=about("A-1^^^ACUTE", f"{WRONG}^^^NHS"))))
    assert "AA" == answer.first("MSA").value(1).text
    assert ("102", "W") == (answer.first("ERR").value(3).component(1), answer.first("ERR").value(4).text)
    assert f"PID-3: {WRONG} fails the check digit" in answer.first("ERR").value(8).text
    found = await numbers(desk)
    assert (WRONG, False) == (found[UNVERIFIED], NHS_NUMBER in found)


async def test_a_good_one_is_not_warned_of(desk: Desk) -> None:
    answer = parse(await desk.source.take(adt("A28", pid=about("A-1^^^ACUTE", f"{GOOD}^^^NHS"))))
    assert "" == answer.line("ERR")
    assert GOOD == (await numbers(desk))[NHS_NUMBER]


async def test_two_people_with_the_same_slip_stay_two(desk: Desk) -> None:
    for number in ("A-1", "A-2"):
        await desk.take(adt("A28", control_id=number, pid=about(f"{number}^^^ACUTE", f"{WRONG}^^^NHS")))
    assert 2 == len(await desk.every("Patient"))


async def test_who_has_nothing_else_is_not_recorded(desk: Desk) -> None:
    code, told = await desk.refusal(adt("A28", pid=about(f"{WRONG}^^^NHS")))
    assert ("AE", True) == (code, "only an NHS number that fails its check digit found" in told)
    assert [] == await desk.every("Patient")


async def test_nobody_is_merged_by_it(desk: Desk) -> None:
    await desk.take(adt("A28", pid=about("A-1^^^ACUTE", f"{GOOD}^^^NHS")))
    code, told = await desk.refusal(adt("A40", at="20261123", pid=about("A-2^^^ACUTE"), mrg=f"{WRONG}^^^NHS"))
    assert ("AE", True) == (code, told.startswith("MRG-1: an identifier of the record to be merged expected"))
    assert [True] == [each.get("active", True) for each in await desk.every("Patient")]


async def test_a_good_number_that_comes_later_takes_its_place(desk: Desk) -> None:
    await desk.take(adt("A28", pid=about("A-1^^^ACUTE", f"{WRONG}^^^NHS")))
    await desk.take(adt("A31", at="20261123", pid=about("A-1^^^ACUTE", f"{GOOD}^^^NHS")))
    found = await numbers(desk)
    assert (GOOD, False) == (found[NHS_NUMBER], UNVERIFIED in found)


async def test_a_slip_that_comes_later_leaves_the_good_number(desk: Desk) -> None:
    await desk.take(adt("A28", pid=about("A-1^^^ACUTE", f"{GOOD}^^^NHS")))
    await desk.take(adt("A31", at="20261123", pid=about("A-1^^^ACUTE", f"{WRONG}^^^NHS")))
    found = await numbers(desk)
    assert (GOOD, WRONG) == (found[NHS_NUMBER], found[UNVERIFIED])


@pytest.mark.parametrize("written", ["1234567890", "123", "ABCDEFGHIJ", "999054860"])
async def test_whatever_is_none_is_a_slip(desk: Desk, written: str) -> None:
    await desk.take(adt("A28", pid=about("A-1^^^ACUTE", f"{written}^^^NHS")))
    assert written == (await numbers(desk))[UNVERIFIED]
