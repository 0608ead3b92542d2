"""A hub that runs, and follows its settings file.

A request is served by the `Hub` of its moment. When the settings file changes, a new `Hub` takes the place of the old
one whole: who takes part, what is agreed and what types must conform to are in force from the next request on.
A file that cannot be read or contradicts itself changes nothing but a line in the log.

So it is with search parameters: what is recorded, changed or deleted of them is in the hub of the next request. What
another process on the same PostgreSQL has recorded is looked for once a second.
"""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from starlette.types import ASGIApp

from careloom.app.engines import Engines, check_settings
from careloom.governance import Authority, hub_keys
from careloom.model.errors import CareloomError
from careloom.model.instants import utc_now
from careloom.model.records import replace
from careloom.rest.http import fhir_application
from careloom.rest.hub import Hub
from careloom.rest.jobs import Jobs
from careloom.rest.policy import Policy
from careloom.rest.routes import Routes
from careloom.rest.search_parameters import servable
from careloom.rest.subscriptions.line import with_websockets
from careloom.rest.subscriptions.stream import with_streams
from careloom.rest.table import INTERACTIONS
from careloom.rest.terminology import RecordedTerminology
from careloom.settings import Settings, load_settings
from careloom.store import Repository
from careloom.store.ids import new_id
from careloom.web import hub_site

RELOAD_INTERVAL = 1.0
"""Seconds between two looks at the settings file, and at what other processes have recorded."""


_Stamp = tuple[int, int, int]


_FIXED = ("store", "search", "definitions", "terminology", "mllp", "mesh", "nats", "topics", "notify")
"""Sections of the settings of which a running hub follows nothing."""


_WITHOUT_ADDRESS = frozenset({"Parameters"})
"""Resource types that are sent and never kept."""


log = structlog.get_logger(__name__)


class App:
    """A hub that runs: its record is open, its settings are watched.

    Attributes:
        hub: What the next request meets.
        settings: Those in force.
        asgi: The application for an ASGI server.
        stopping: Set by who serves it once it is to stop, so that pages that are kept up to date let go.
        mllp_ports: Where it listens for HL7 v2, in the order of the settings.
    """

    def __init__(self, settings: Settings, hub: Hub, engines: Engines) -> None:
        self.hub = hub
        self.mllp_ports: list[int] = []
        self.stopping = asyncio.Event()
        self.settings = settings
        self._engines = engines
        self._stamps = _stamps(settings)
        self._is_behind = False
        path = urlsplit(hub.base_url).path
        self.asgi: ASGIApp = with_streams(
            fhir_application(self._at_present, path), self._at_present, path, self.stopping
        )
        self.asgi = with_websockets(self.asgi, self._at_present, path)
        if settings.hub.pages:
            self.asgi = hub_site(self.asgi, lambda: self.hub, engines.validator, stopping=self.stopping)

    async def watch(self) -> None:
        """Look at the settings file and at recorded search parameters again and again, and take up what has changed."""
        while True:
            await asyncio.sleep(RELOAD_INTERVAL)
            try:
                await self.reload()
            except Exception:
                log.exception("settings not read again; the next change of the file is another try")
            await self._renew_parameters()

    async def _renew_parameters(self) -> None:
        """Take up what others have recorded; a database that does not answer is told of once."""
        try:
            await self.hub.repository.renew_parameters()
        except Exception:
            if not self._is_behind:
                log.exception("recorded search parameters not taken up; the next look is another try")
            self._is_behind = True
        else:
            self._is_behind = False
            self._at_present()

    def _at_present(self) -> Hub:
        """The hub, with the search parameters of this moment; on the event loop, where settings are put in force."""
        if self.hub.parameters is not self.hub.repository.parameters:
            self.hub = replace(self.hub, parameters=self.hub.repository.parameters)
        return self.hub

    async def reload(self) -> None:
        """Take up the settings file if it, or a file of keys that it names, has changed since the last look."""
        stamps = _stamps(self.settings)
        if stamps == self._stamps:
            return
        self._stamps = stamps
        try:
            settings = await asyncio.to_thread(self._read_again)
        except CareloomError as error:
            log.error("settings kept as they were", file=str(self.settings.file), reason=str(error))
            return
        self.adopt(settings)

    def adopt(self, settings: Settings) -> None:
        """Put new settings in force from the next request on."""
        before = _fixed(self.settings)
        for section, values in _fixed(settings).items():
            if values != before[section]:
                log.warning("setting takes effect at the next start", section=section)
        self.hub = replace(self.hub, **_changeable(settings))
        if settings.files != self.settings.files:
            self._stamps = _stamps(settings)
        self.settings = settings
        log.info("settings in force", agreements=len(settings.agreements), clients=len(settings.clients))

    def _read_again(self) -> Settings:
        settings = load_settings(self.settings.file)
        check_settings(settings, self._engines)
        return settings


def make_hub(settings: Settings, engines: Engines, repository: Repository, base_url: str) -> Hub:
    """Everything that a request meets."""
    types = engines.definitions.types
    return Hub(
        base_url=base_url,
        repository=repository,
        parameters=repository.parameters,
        types=types,
        validator=engines.validator,
        authority=Authority(base_url, hub_keys(settings.hub.key_file)),
        routes=Routes(INTERACTIONS, types.resource_types() - _WITHOUT_ADDRESS),
        jobs=Jobs(settings.http.jobs, clock=utc_now, new_id=new_id),
        terminology=RecordedTerminology(engines.terminology),
        before_write={"SearchParameter": servable(repository)},
        **_changeable(settings),
    )


def _changeable(settings: Settings) -> dict[str, Any]:
    """What of a hub follows the settings file while it runs."""
    return {
        "registry": settings.registry(),
        "conformance": settings.conformance,
        "limits": settings.limits,
        "policy": settings.http.policy,
        "matching": settings.operations.matching,
        "import_folder": settings.operations.import_folder,
        "site": settings.audit.site,
        "folding": settings.audit.folding,
    }


def _fixed(settings: Settings) -> dict[str, Any]:
    """What a running hub does not follow, by section; what `_changeable` takes of a section counts for nothing here."""
    fixed = {section: getattr(settings, section) for section in _FIXED}
    return fixed | {
        "hub": replace(settings.hub, purposes=frozenset()),
        "http": replace(settings.http, policy=Policy()),
    }


def _stamps(settings: Settings) -> dict[Path, _Stamp | None]:
    return {file: _stamp(file) for file in settings.files}


def _stamp(file: Path) -> _Stamp | None:
    """What changes whenever the file is written or replaced; None while it is not there."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
