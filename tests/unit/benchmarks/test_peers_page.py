"""The page of the comparison says what was measured, and what was not."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.peers.homes import Home
from benchmarks.peers.measure import Measured
from benchmarks.peers.page import Setting, page
from benchmarks.peers.roster import CARELOOM, FLOOR, REFERENCE, Peer

SETTING = Setting("2026-11-22", "a machine", "3.11.7", "0.5", "make peers", 3)


def measured(name: str, *, seconds: float = 1.0, broken: str = "00", megabytes: float | None = 50) -> Measured:
    peer = Peer(name, lambda: Home([]), 100, 10, "structure")
    return Measured(peer, "1.0", 1_000, seconds, 0.25, megabytes, "11", broken)


def row(text: str, name: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def verdicts(all_measured: Sequence[Measured], name: str, absent: Mapping[str, str] | None = None) -> list[str]:
    return row(page(all_measured, absent or {}, SETTING).partition("## Verdicts")[2], name)


def test_times_are_ratios_to_the_floor_and_to_careloom() -> None:
    text = page([measured(FLOOR), measured(CARELOOM, seconds=8), measured("other", seconds=2_000)], {}, SETTING)

    assert ["2,000", "250"] == row(text, "other")[2:4]


def test_time_is_scaled_by_bytes_where_a_peer_is_given_fewer() -> None:
    few = replace(measured("other", seconds=1), bytes=100)

    assert "10.0" == row(page([measured(FLOOR), few], {}, SETTING), "other")[2]


def test_a_breakdown_is_no_rejection() -> None:
    assert ["1 of 3", "1"] == verdicts([measured("other", broken="0!1")], "other")[2:4]


def test_agreement_is_with_the_reference_verdict_by_verdict() -> None:
    both = [measured("other", broken="0011"), measured(REFERENCE, broken="0001")]

    assert "75.0 %" == verdicts(both, "other")[4]


def test_without_the_reference_there_is_no_agreement_to_tell() -> None:
    assert "reference absent" == verdicts([measured("other")], "other")[4]


def test_who_is_absent_is_named_with_the_reason() -> None:
    text = page([measured(FLOOR)], {REFERENCE: "java not found on this machine"}, SETTING)

    assert f"- {REFERENCE}: java not found on this machine." in text


def test_memory_that_the_system_does_not_tell_is_not_made_up() -> None:
    assert "not told" == row(page([measured("other", megabytes=None)], {}, SETTING), "other")[6]
