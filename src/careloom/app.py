"""The one place where things are wired: settings, engines, record, rules and HTTP become a running hub.

A request is served by the `Hub` of its moment. When the settings file changes, a new `Hub` takes the place of the old
one whole: who takes part, what is agreed and what types must conform to are in force from the next request on.
A file that cannot be read or contradicts itself changes nothing but a line in the log.
"""

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from starlette.types import ASGIApp

from careloom.connectors.hl7v2 import Hl7v2Source, MllpListener
from careloom.connectors.inflow import Inflow
from careloom.connectors.intake import Intake
from careloom.connectors.mesh import Mailbox, Poller, Report
from careloom.connectors.mesh.delivery import Delivery
from careloom.definitions import Definitions, PackageCache
from careloom.definitions.kept import KeptFolder
from careloom.definitions.packages import read_folder
from careloom.governance import AuditSource, Authority, Grant, Registry, hub_keys
from careloom.model import Issue
from careloom.model.errors import CareloomError, DefinitionError, InvalidError
from careloom.model.instants import utc_now
from careloom.model.resource import Resource
from careloom.notify import Notifier, Ports, RestHook, TopicRegistry, disclosure, policy, with_backport
from careloom.notify.channels import Outlets
from careloom.notify.channels.classic import ClassicHook
from careloom.notify.channels.mesh import KIND as MESH
from careloom.notify.channels.mesh import Mesh
from careloom.notify.channels.mesh import undelivered as mesh_undelivered
from careloom.notify.channels.message import KIND as MESSAGE
from careloom.notify.channels.message import Messaging
from careloom.notify.channels.nats import KIND as NATS
from careloom.notify.channels.nats import Nats
from careloom.notify.channels.xml import XML, InXml
from careloom.notify.classic import KIND as CLASSIC
from careloom.notify.contents import Contents
from careloom.notify.duty import Duty
from careloom.notify.equals import Equals
from careloom.notify.lanes import Lanes, supervised
from careloom.notify.metrics import NotifyMetrics
from careloom.notify.shifts import Shifts
from careloom.notify.subscriptions import OWNER_SYSTEM, PAYLOADS, WITHOUT_ENDPOINT, ChannelRules
from careloom.notify.telling import Telling
from careloom.rest.http import fhir_application
from careloom.rest.hub import Hub
from careloom.rest.jobs import Jobs
from careloom.rest.routes import Routes
from careloom.rest.subscriptions.line import websocket_url, with_websockets
from careloom.rest.subscriptions.stream import with_streams
from careloom.rest.table import INTERACTIONS
from careloom.rest.terminology import RecordedTerminology
from careloom.search import SearchParameters
from careloom.settings import Settings, load_settings
from careloom.settings.mesh import MeshSettings
from careloom.settings.mllp import MllpSettings
from careloom.store import Repository
from careloom.store.events import Lease
from careloom.store.ids import new_id
from careloom.terminology import Terminology
from careloom.terminology.for_search import TerminologyForSearch
from careloom.validation import Options, Validator
from careloom.web import hub_site

RELOAD_INTERVAL = 1.0
"""Seconds between two looks at the settings file."""

_OPTIONS = Options(extension_domains=("http://", "https://", "urn:"))
"""FHIR lets anybody add an extension, so a hub takes those it has no definition of: refusing them would lose data."""

_Stamp = tuple[int, int, int]

_FIXED = ("hub", "store", "search", "definitions", "terminology", "mllp", "mesh", "nats", "topics", "notify")
"""Sections of the settings that a running hub does not follow."""

_NO_HELP_IN_AUDIT = frozenset(
    {"agent-name", "agent-role", "altid", "entity-name", "entity-role", "entity-type", "site", "source"}
    | {"_content", "_text"}
)
"""Search parameters by which no AuditEvent of a hub is told from another, or only by words that it is found by anyhow:
the codes, addresses and names in it. Indexing them is half of what an audit record costs."""

_WITHOUT_ADDRESS = frozenset({"Parameters"})
"""Resource types that are sent and never kept."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Engines:
    """What the definitions give; it costs seconds to make and stays for the life of the process."""

    definitions: Definitions
    parameters: SearchParameters
    validator: Validator
    terminology: Terminology


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
        path = urlsplit(hub.base_url).path
        self.asgi: ASGIApp = with_streams(
            fhir_application(lambda: self.hub, path), lambda: self.hub, path, self.stopping
        )
        self.asgi = with_websockets(self.asgi, lambda: self.hub, path)
        if settings.hub.pages:
            self.asgi = hub_site(self.asgi, lambda: self.hub, engines.validator, stopping=self.stopping)

    async def watch(self) -> None:
        """Look at the settings file again and again, and take up what has changed in it."""
        while True:
            await asyncio.sleep(RELOAD_INTERVAL)
            if self.hub.parameters is not self.hub.repository.parameters:  # some are indexed that were not before
                self.hub = replace(self.hub, parameters=self.hub.repository.parameters)
            try:
                await self.reload()
            except Exception:
                log.exception("settings not read again; the next change of the file is another try")

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
        for section in _FIXED:
            if getattr(settings, section) != getattr(self.settings, section):
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
        app.hub = replace(app.hub, inflow=_inflow(app))
        async with _outlets(app) as outlets, _telling(app, outlets), _listening(app):
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


def load_engines(settings: Settings, base_url: str) -> Engines:
    """Read the definitions and build what rests on them.

    Raises:
        NotFoundError: A package is not installed, or a profile that a type must conform to is not there.
        DefinitionError: Such a profile is broken.
        InvalidError: The settings name a resource type that does not exist.
    """
    packages = with_backport(
        Definitions.load(settings.definitions.packages, cache=PackageCache(kept=KeptFolder.of_user()))
    )
    folders = [_resources(folder, packages) for folder in settings.definitions.directories]
    definitions = packages.with_resources(resource for found in folders for resource in found)
    terminology = settings.terminology.open(definitions)
    parameters = SearchParameters(
        definitions,
        base_url=base_url,
        zone=settings.hub.time_zone,
        left_out={"AuditEvent": _NO_HELP_IN_AUDIT},
        codes=TerminologyForSearch(terminology),
        limits=settings.search,
    )
    validator = Validator(definitions, terminology=terminology, options=_OPTIONS)
    engines = Engines(definitions, parameters, validator, terminology)
    check_settings(settings, engines)
    return engines


def check_settings(settings: Settings, engines: Engines) -> None:
    """Hold the settings against the definitions.

    Raises:
        InvalidError: A resource type that does not exist, or a profile that constrains another type.
        NotFoundError: A profile that is not there.
        DefinitionError: A profile that is broken.
    """
    unknown = settings.unknown_types(engines.definitions.types.resource_types())
    if unknown:
        raise InvalidError("; ".join(issue.diagnostics for issue in unknown), issues=unknown)
    for type, profiles in settings.conformance.items():
        for url in profiles:
            asked_by = f"{settings.file}: conformance.{type}"
            structure = engines.definitions.structure(url, asked_by=asked_by)
            if structure["type"] != type:
                raise DefinitionError(f"a profile of {type} expected, found one of {structure['type']}", url=url)
            engines.validator.library.schema(url, asked_by=asked_by)


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
    }


@asynccontextmanager
async def _telling(app: App, outlets: Outlets) -> AsyncIterator[None]:
    """Tell subscribers of what happens, by the rules of the moment, for as long as the context lasts."""
    hub, settings = app.hub, app.settings

    def registered() -> Registry:
        return app.hub.registry

    def accept(resource: Resource, grant: Grant) -> Resource:
        return equals.require_few(accepting.accept(resource, client=grant.client, purpose=grant.purpose))

    def notifier(lease: Lease | None = None, lanes: Lanes | None = None) -> Notifier:
        return Notifier(
            hub.repository,
            topics,
            outlets.channels,
            Ports(
                may_tell=may_tell,
                secret_of=lambda client: app.settings.webhook_secrets.get(client, ""),
                disclosed=disclosed,
                clock=hub.clock,
                random=random.random,
                metrics=metrics,
            ),
            base_url=hub.base_url,
            endpoints=settings.notify.endpoints,
            retry=settings.notify.retry,
            events=hub.repository.events.under(lease) if lease else None,
            rules=outlets.rules,
            lanes=lanes,
        )

    topics, metrics = (
        TopicRegistry(settings.topics, hub.parameters, classic=settings.notify.takes_classic),
        NotifyMetrics(hub.metrics.registry),
    )
    may_tell = policy(registered, hub.clock)
    disclosed = disclosure(hub.repository, registered, AuditSource(hub.base_url, hub.site), hub.clock, hub.new_id)
    telling = Telling(
        topics=topics,
        contents=Contents(hub.repository, topics, may_tell),
        disclosed=disclosed,
        endpoints=settings.notify.endpoints,
        channels={*outlets.channels, *WITHOUT_ENDPOINT},
        rules=outlets.rules,
        websocket_url=websocket_url(hub.base_url),
        metrics=metrics,
        is_on_duty=lambda: duty.is_on or settings.store.is_postgres,
        is_shared=settings.store.is_postgres,
    )
    accepting, equals = notifier(), Equals(hub.repository, settings.notify.most_equal)
    app.hub = replace(hub, before_write={"Subscription": accept}, owned={"Subscription": OWNER_SYSTEM}, telling=telling)
    holder = _holder(settings)
    async with contextlib.AsyncExitStack() as stack:
        position = await hub.repository.events.matched_to()
        equals.start(await accepting.all_subscriptions())
        following = asyncio.create_task(supervised("equal subscriptions", lambda: equals.follow(position)))
        stack.callback(following.cancel)
        shifts = None
        if settings.store.is_postgres:  # which several processes may share
            shifts = Shifts(hub.repository, holder, accepting.lanes_for, accepting.all_subscriptions)
            stack.push_async_callback(shifts.stop)
            await shifts.start()
        duty = Duty(hub.repository.events, holder, lambda lease: notifier(lease, shifts.lanes if shifts else None))
        stack.push_async_callback(duty.stop)
        await duty.start()
        yield


@asynccontextmanager
async def _outlets(app: App) -> AsyncIterator[Outlets]:
    """The ways that notifications go, open for as long as the context lasts; a mailbox is read as well."""
    settings, clock = app.settings, app.hub.clock
    outlets = Outlets()
    async with contextlib.AsyncExitStack() as stack:
        rest_hook = RestHook(settings.notify.endpoints, clock=clock, timeout=None)
        stack.push_async_callback(rest_hook.close)
        outlets.add("rest-hook", InXml(rest_hook, app.hub.types), ChannelRules(payloads=(*PAYLOADS, *XML)))
        if settings.notify.takes_classic:
            classic = ClassicHook(settings.notify.endpoints, app.hub.types, clock=clock)
            stack.push_async_callback(classic.close)
            outlets.add(CLASSIC, classic, ChannelRules(payloads=(*PAYLOADS, *XML)))
        messaging = Messaging(settings.notify.endpoints, base_url=app.hub.base_url, clock=clock)
        stack.push_async_callback(messaging.close)
        outlets.add(MESSAGE, messaging)
        if settings.nats is not None:
            nats = Nats(settings.nats, clock=clock)
            stack.push_async_callback(nats.close)
            outlets.add(NATS, nats, ChannelRules(nats.check))
        if settings.mesh is not None:
            await _open_mailbox(app, settings.mesh, outlets, stack)
        yield outlets


async def _open_mailbox(app: App, mesh: MeshSettings, outlets: Outlets, stack: contextlib.AsyncExitStack) -> None:
    """Send from the mailbox, and read it."""

    async def undelivered(report: Report) -> None:
        repository = app.hub.repository
        reason = f"MESH {report.code}: {report.description}"
        if not await mesh_undelivered(report.local_id, reason, repository, repository.events, app.hub.clock()):
            log.warning("report of a message that is none of ours", message=report.about, reason=reason)

    mailbox = await stack.enter_async_context(Mailbox.opened(mesh.url, mesh.mailbox_key(), tls=mesh.tls()))
    channel = Mesh(mailbox, mesh.mailboxes, mesh.workflow)
    outlets.add(MESH, channel, ChannelRules(channel.check))
    delivery = Delivery(mesh.mailboxes, lambda client: _intake(app, client, mesh.purpose), _inflow(app))
    polling = asyncio.create_task(Poller(mailbox, delivery.take, undelivered, interval=mesh.poll).run())
    stack.push_async_callback(_cancelled, polling)


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _holder(settings: Settings) -> str:
    """What this process is called among those that share a record; alone with a file, the same at every start."""
    return f"{socket.gethostname()}:{os.getpid()}:{new_id()}" if settings.store.is_postgres else "hub"


@asynccontextmanager
async def _listening(app: App) -> AsyncIterator[None]:
    """Take HL7 v2 at the ports that are set, for as long as the context lasts."""
    listeners = []
    try:
        for port in app.settings.mllp:
            source = _hl7v2_source(app, port)
            listener = MllpListener(source.take, limits=port.limits, clock=app.hub.clock, new_id=app.hub.new_id)
            await listener.start(port.host, port.port)
            log.info("listening for HL7 v2", client=port.client, host=port.host, port=listener.port)
            listeners.append(listener)
            app.mllp_ports.append(listener.port)
        yield
    finally:
        for listener in listeners:
            await listener.stop()


def _hl7v2_source(app: App, port: MllpSettings) -> Hl7v2Source:
    return Hl7v2Source(_intake(app, port.client, port.purpose), app.hub.parameters, port.tables, _checks(app))


def _inflow(app: App) -> Inflow:
    return Inflow(utc_now, app.hub.parameters, app.hub.types, _checks(app), own=(app.hub.base_url,))


def _checks(app: App) -> Callable[[Resource], Sequence[Issue]]:
    """What a resource from the edge is judged by, at the moment it comes."""

    def check(resource: Resource) -> Sequence[Issue]:
        return app.hub.validator.validate(resource, profiles=app.hub.conformance.get(resource["resourceType"], ()))

    return check


def _intake(app: App, client: str, purpose: str) -> Intake:
    """The way in of a client that does not come by HTTP."""
    return Intake(
        client=client,
        purpose=purpose,
        repository=app.hub.repository,
        registered=lambda: app.hub.registry,
        audit_source=AuditSource(app.hub.base_url, app.hub.site),
        clock=app.hub.clock,
        new_id=app.hub.new_id,
    )


def _resources(folder: Path, definitions: Definitions) -> list[Resource]:
    """The conformance resources in a folder and those below it, JSON or XML.

    Raises:
        InvalidError: There is no such folder, or nothing that defines in it.
        MalformedError: A file in it cannot be read.
    """
    if not folder.is_dir():
        raise InvalidError(f"definitions.directories: {folder} is not a folder")
    return list(read_folder(folder, lambda: definitions.types).resources.values())


def _stamps(settings: Settings) -> dict[Path, _Stamp | None]:
    return {file: _stamp(file) for file in settings.files}


def _stamp(file: Path) -> _Stamp | None:
    """What changes whenever the file is written or replaced; None while it is not there."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
