"""``careloom connectathon``: have systems exchange real traffic, live on a page, with evidence."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.markup import escape

from careloom.cli.errors import CANNOT_RUN
from careloom.connectathon import Run, load_scenario
from careloom.connectathon.evidence import read_evidence
from careloom.connectathon.host import UKCORE, Options, hosted
from careloom.connectathon.scenario import Step
from careloom.connectathon.verdict import Verdict
from careloom.model.errors import CareloomError
from careloom.web import pages

app = App(name="connectathon", help="Play scenarios between systems, and show what happened.")

_PACE = 1.5
"""Seconds between steps when people watch."""


@app.command
def run(
    scenario: Path,
    *,
    once: Annotated[bool, Parameter(negative=())] = False,
    ukcore: Annotated[bool, Parameter(negative=())] = False,
    port: int = 0,
    pace: float | None = None,
    folder: Path = Path("var/connectathon"),
) -> int:
    """Play a scenario: print each step as it happens, show it on a live page, and keep the evidence.

    Exit code 0: every expectation held. 1: one did not. 2: the scenario could not be played.

    Args:
        scenario: The scenario's YAML file.
        once: End when the play is over, instead of serving the page until Ctrl-C.
        ukcore: Judge by UK Core's profiles, from a UK Core package in the FHIR package cache.
        port: Of the live page; any free one unless given.
        pace: Seconds to pause between steps; 1.5 when people watch, none with --once.
        folder: Where each run gets a folder of its own.
    """
    usual_pace = 0.0 if once else _PACE
    options = Options(UKCORE if ukcore else "", port, usual_pace if pace is None else pace, folder)
    try:
        held = asyncio.run(_play(scenario, options, once=once))
    except CareloomError as error:
        print(f"careloom connectathon: {error}", file=sys.stderr)
        return CANNOT_RUN
    return 0 if held else 1


@app.command
def verify(evidence: Path) -> int:
    """Check that an evidence file is whole: no line changed, dropped or moved.

    Exit code 0: it is. 1: it is not, and the first line that is wrong is named. 2: it cannot be read.

    Args:
        evidence: The file, evidence.jsonl in the folder of a run.
    """
    try:
        lines = read_evidence(evidence.read_bytes())
    except OSError as error:
        print(f"careloom connectathon: {evidence}: {error.strerror}", file=sys.stderr)
        return CANNOT_RUN
    except CareloomError as error:
        print(f"{evidence}: {error}")
        return 1
    print(f"{evidence}: {len(lines)} lines, whole; sealed by {lines[-1].hash if lines else 'nothing'}")
    return 0


async def _play(file: Path, options: Options, *, once: bool) -> bool:
    """Play it, and serve until told to stop; whether everything held."""
    scenario = load_scenario(file)
    stop = asyncio.Event()
    playing = asyncio.current_task()
    loop = asyncio.get_running_loop()

    def told_to_stop() -> None:
        # Before the play is over there is nobody waiting for the event: the play itself is broken off.
        if printer.is_over or playing is None:
            stop.set()
        else:
            playing.cancel()

    printer = _Printer(once=once)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told_to_stop)
    try:
        async with hosted(scenario, options, printer, pages) as run:
            if not once:
                await stop.wait()
            return run.held
    except asyncio.CancelledError:
        print("Broken off.", file=sys.stderr)
        return False


class _Printer:
    """Prints the play in plain English as it goes on."""

    def __init__(self, *, once: bool) -> None:
        self._once = once
        self._console = Console(highlight=False, soft_wrap=True)
        self.is_over = False

    def ready(self, run: Run, address: str) -> None:
        self._say(f"[bold]{escape(run.scenario.title)}[/bold] (judged by {run.variant} profiles)")
        self._say(escape(run.scenario.story))
        self._say(f"\nWatch it live at [bold]{address}[/bold]")
        self._say(f"Starting the hub and {_systems(run)}; their logs are beside the evidence.\n")

    def step(self, number: int, step: Step) -> None:
        self._say(f"[bold]{number:>2}[/bold]  {escape(step.say)}")

    def verdict(self, verdict: Verdict) -> None:
        held = verdict.outcome == "held"
        mark = "[green]✓ held[/green]  " if held else "[red]✗ failed[/red]"
        shown = ", ".join(map(str, verdict.exchanges)) or "none seen"
        self._say(f"    {mark} {escape(verdict.text)}  [dim](exchange {shown})[/dim]")
        for finding in verdict.failures:
            self._console.print(f"             expected: {finding.text}; found: {finding.found}", markup=False)

    def over(self, run: Run) -> None:
        self.is_over = True
        held = sum(verdict.outcome == "held" for verdict in run.verdicts)
        colour = "green" if run.held else "red"
        self._say(f"\n[bold {colour}]{held} of {len(run.verdicts)} expectations held.[/bold {colour}]")
        self._say(f"{len(run.exchanges)} exchanges recorded in {_short(run.evidence.name)}")
        self._say(f"sealed by {run.evidence.seal}")
        if not self._once:
            self._say("\nThe live page stays until Ctrl-C.")

    def _say(self, text: str) -> None:
        self._console.print(text)


def _systems(run: Run) -> str:
    number = len(run.scenario.simulators)
    return "one system" if number == 1 else f"{number} systems"


def _short(path: str) -> str:
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative
