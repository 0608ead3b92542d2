"""Hosts a run from beginning to end: folder, evidence, listeners, stage, play."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol

from careloom.connectathon.evidence import Evidence, FileStore
from careloom.connectathon.expressions import Expressions
from careloom.connectathon.listeners import Application, Listeners
from careloom.connectathon.run import Run
from careloom.connectathon.runner import Runner, Teller
from careloom.connectathon.scenario import Scenario
from careloom.connectathon.stage import local_stage, plan_stage
from careloom.definitions import Definitions, PackageCache
from careloom.model.errors import NotFoundError, UnavailableError
from careloom.model.instants import Clock, utc_now
from careloom.model.records import dataclass

CORE = "hl7.fhir.r4.core@4.0.1"
UKCORE = "ukcore"
"""Name of the set of profiles that needs a UK Core package."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is hosted.

    Attributes:
        profiles: Name of the set of profiles to judge by; empty for the scenario's usual one.
        port: Of the live page; 0 for any.
        pace: Seconds to pause between steps.
        folder: Under which each run gets a folder of its own.
    """

    profiles: str
    port: int
    pace: float
    folder: Path


class Audience(Teller, Protocol):
    """Who is told of the whole event."""

    def ready(self, run: Run, address: str) -> None:
        """The live page can be looked at; the systems are starting."""

    def over(self, run: Run) -> None:
        """The play is over."""


@contextlib.asynccontextmanager
async def hosted(
    scenario: Scenario,
    options: Options,
    audience: Audience,
    pages: Callable[[Run], Application],
    *,
    clock: Clock = utc_now,
) -> AsyncIterator[Run]:
    """Play a scenario; its pages are served, and its systems run, as long as the block lasts.

    Raises:
        CareloomError: Something cannot be prepared or started; says what.
    """
    profiles = options.profiles or next(iter(scenario.profiles))
    evaluate = await asyncio.to_thread(_expressions, scenario)
    words = {"ukcore_package": ukcore_package(PackageCache())} if profiles == UKCORE else {}
    folder = _new_folder(options.folder, scenario, clock)
    listeners = Listeners()
    port = listeners.open(options.port)
    plan = plan_stage(scenario, listeners)
    with FileStore(folder / "evidence.jsonl") as store:
        run = Run(scenario, variant=profiles, evidence=Evidence(store, clock=clock))
        listeners.put(port, pages(run))
        async with listeners.serving():
            audience.ready(run, f"http://127.0.0.1:{port}/")
            try:
                async with local_stage(run, plan, listeners, folder, words) as stage:
                    await Runner(run, stage, evaluate, audience, pace=options.pace).play()
                    audience.over(run)
                    yield run
            finally:
                # Whoever follows the run holds a request open; the server waits for those.
                run.close()


def ukcore_package(cache: PackageCache) -> str:
    """The newest UK Core package in the cache, as ``NAME@VERSION``.

    Raises:
        NotFoundError: There is none.
    """
    found = sorted(str(package) for package in cache.installed() if "ukcore" in str(package).lower())
    if not found:
        raise NotFoundError(
            "no UK Core package in the FHIR package cache; put one there with: careloom packages install FOLDER"
        )
    return found[-1]


def _expressions(scenario: Scenario) -> Expressions:
    expressions = Expressions(Definitions.load([CORE]).types)
    expressions.compile_all(scenario)
    return expressions


def _new_folder(parent: Path, scenario: Scenario, clock: Clock) -> Path:
    """A folder that no other run has: ``parent/ID-20261122T110900``, with a number where that is taken."""
    stem = f"{scenario.id}-{clock():%Y%m%dT%H%M%S}"
    for number in range(1, 100):
        folder = parent.resolve() / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise UnavailableError(f"{folder} cannot be made: {error.strerror}") from error
        return folder
    raise UnavailableError(f"{parent}: no folder could be made for the run {stem}")
