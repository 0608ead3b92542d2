"""The page docs/comparison.md, made of what was measured."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.peers.measure import Measured
from benchmarks.peers.roster import CARELOOM, FLOOR, REFERENCE


@dataclass(frozen=True, slots=True)
class Setting:
    """When and where: the date, the machine, the interpreter, the load, and the command that does it again."""

    date: str
    machine: str
    python: str
    load: str
    command: str
    rounds: int


def page(measured: Sequence[Measured], absent: Mapping[str, str], setting: Setting) -> str:
    """The whole page, as Markdown."""
    return "\n".join(
        [*_head(setting), *_speed(measured), *_verdicts(measured), *_checks(measured), *_absent(absent), ""]
    )


def _head(setting: Setting) -> Iterator[str]:
    yield "# Comparison with other validators"
    yield ""
    yield f"This page is written by `{setting.command}`; edit `benchmarks/peers/` instead."
    yield f"Measured on {setting.date}: {setting.machine}, Python {setting.python}, load {setting.load} when it began."
    yield ""
    yield "All judge the same bytes: clinical records in British shape from `careloom synth`, one JSON resource a line."
    yield f"They take turns in one run, {setting.rounds} rounds, each warmed up before; the median round counts."
    yield "Time is processor time of the whole process, parsing and the threads of a garbage collector included."
    yield "Slow ones are given fewer of the records, and time is scaled by bytes."
    yield "Each was warmed up with a few hundred resources, after which Java and Node still get somewhat faster."
    yield "Ratios hold from machine to machine far better than seconds do."
    yield ""


def _speed(measured: Sequence[Measured]) -> Iterator[str]:
    times = {each.peer.name: each.seconds_a_byte for each in measured}
    yield "## Speed and memory"
    yield ""
    yield from _table(
        ("", "version", f"time, {FLOOR} = 1", f"time, {CARELOOM} = 1", "resources/s", "cold start", "memory"),
        (
            (
                each.peer.name,
                each.version,
                _ratio(each.seconds_a_byte, times.get(FLOOR)),
                _ratio(each.seconds_a_byte, times.get(CARELOOM)),
                f"{each.resources_a_second:,.0f}",
                f"{each.cold_seconds:.2f} s",
                "not told" if each.megabytes is None else f"{each.megabytes:,.0f} MB",
            )
            for each in measured
        ),
    )
    yield ""
    yield "Cold start is the processor time of a whole process that judges one resource."
    yield "Memory is the peak of the warm process."
    yield ""


def _verdicts(measured: Sequence[Measured]) -> Iterator[str]:
    reference = next((each for each in measured if each.peer.name == REFERENCE), None)
    yield "## Verdicts"
    yield ""
    yield from _table(
        (
            "",
            "valid accepted",
            "broken rejected",
            "breakdowns",
            "as the reference says of the broken",
            "HL7's suite (balanced)",
        ),
        (
            (
                each.peer.name,
                f"{each.clean.count('1')} of {len(each.clean)}",
                f"{each.broken.count('0')} of {len(each.broken)}",
                str((each.clean + each.broken).count("!")),
                _agreement(each, reference),
                each.peer.suite,
            )
            for each in measured
        ),
    )
    yield ""
    yield "The broken ones are the same records with one thing wrong in each, as `make mutants` makes them."
    yield "They come from our own hand: the reference validator's verdicts on them are the independent check."
    yield "A rejection counts whatever the reason given, which flatters those who reject for another one."
    yield ""
    yield "HL7's suite is the development part that Careloom keeps: 355 runs with the reference validator's outcomes."
    yield "Balanced is the mean over valid and invalid runs, so that a validator that always says the same gets 50 %."
    yield f"{CARELOOM}'s figure is measured by this command; those of the others stand in the README of that suite."
    yield ""


def _checks(measured: Sequence[Measured]) -> Iterator[str]:
    yield "## What each checks"
    yield ""
    yield from _table(("", "checks"), ((each.peer.name, each.peer.checks) for each in measured))


def _absent(absent: Mapping[str, str]) -> Iterator[str]:
    if absent:
        yield ""
        yield "## Who did not take part"
        yield ""
        yield from (f"- {name}: {reason}." for name, reason in absent.items())


def _agreement(each: Measured, reference: Measured | None) -> str:
    if reference is None:
        return "reference absent"
    same = sum(mine == theirs for mine, theirs in zip(each.broken, reference.broken, strict=True))
    return f"{100 * same / len(each.broken):.1f} %"


def _ratio(seconds: float, unit: float | None) -> str:
    if unit is None:
        return "-"
    ratio = seconds / unit
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.1f}" if ratio >= 1 else f"{ratio:.2f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for cells in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(cells)} |".replace("|  |", "| |")
