"""The one place where things are wired: settings, engines, record, rules and HTTP become a running hub."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from careloom.app.application import App, make_hub
from careloom.app.engines import Engines, load_engines
from careloom.app.outlets import opened_outlets
from careloom.app.sources import inflow_of, listening
from careloom.app.telling import telling
from careloom.model.records import replace
from careloom.rest.strangers import recording
from careloom.settings import Settings

__all__ = ["App", "Engines", "load_engines", "running"]


@asynccontextmanager
async def running(settings: Settings, *, base_url: str = "") -> AsyncIterator[App]:
    """A hub for as long as the context lasts.

    Args:
        settings: As read from the file.
        base_url: Where it really listens, if that is known only now; that of the settings otherwise.

    Raises:
        NotFoundError: A package is not installed, or a profile that a type must conform to is not there.
        DefinitionError: Such a profile is broken.
        UnavailableError: The database cannot be opened, or another hub has it.
    """
    base_url = base_url or settings.hub.base_url
    engines = await asyncio.to_thread(load_engines, settings, base_url)
    repository = await settings.store.open(tenant=settings.hub.tenant, parameters=engines.parameters)
    try:
        app = App(settings, make_hub(settings, engines, repository, base_url), engines)
        app.hub = replace(app.hub, inflow=inflow_of(app))
        folding = recording(lambda: app.hub)
        async with folding, opened_outlets(app) as outlets, telling(app, outlets), listening(app):
            watching = asyncio.create_task(app.watch())
            try:
                yield app
            finally:
                watching.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watching
                if app.hub.jobs:
                    await app.hub.jobs.close()
    finally:
        await repository.close()
