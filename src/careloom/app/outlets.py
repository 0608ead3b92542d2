"""The channels of a hub, as its settings have them; a mailbox is read as well."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from careloom.app.application import App
from careloom.app.sources import inflow_of, intake_of
from careloom.connectors.mesh import Mailbox, Poller, Report
from careloom.connectors.mesh.intake import MessageIntake
from careloom.notify import RestHook
from careloom.notify.channels import Outlets
from careloom.notify.channels.classic import ClassicHook
from careloom.notify.channels.cloud_events import InCloudEvents, also_in_cloud_events
from careloom.notify.channels.mesh import KIND as MESH
from careloom.notify.channels.mesh import Mesh
from careloom.notify.channels.mesh import undelivered as mesh_undelivered
from careloom.notify.channels.message import KIND as MESSAGE
from careloom.notify.channels.message import Messaging
from careloom.notify.channels.mns import MnsMesh
from careloom.notify.channels.nats import KIND as NATS
from careloom.notify.channels.nats import Nats
from careloom.notify.channels.xml import XML, InXml
from careloom.notify.classic import KIND as CLASSIC
from careloom.notify.mns import KIND as MNS
from careloom.notify.signals.writer import SignalWriter, usual_source
from careloom.notify.subscriptions import PAYLOADS, ChannelRules
from careloom.settings.mesh import MeshSettings

log = structlog.get_logger(__name__)


@asynccontextmanager
async def opened_outlets(app: App) -> AsyncIterator[Outlets]:
    """The ways that notifications go, open for as long as the context lasts; a mailbox is read as well."""
    settings, clock = app.settings, app.hub.clock
    outlets, tls, signals = Outlets(), settings.notify.tls.context(), _signals(app)
    async with contextlib.AsyncExitStack() as stack:
        rest_hook = RestHook(settings.notify.endpoints, clock=clock, timeout=None, tls=tls)
        stack.push_async_callback(rest_hook.close)
        written = InCloudEvents(InXml(rest_hook, app.hub.types), signals)
        outlets.add("rest-hook", written, also_in_cloud_events(ChannelRules(payloads=(*PAYLOADS, *XML))))
        if settings.notify.takes_classic:
            classic = ClassicHook(settings.notify.endpoints, app.hub.types, clock=clock, tls=tls)
            stack.push_async_callback(classic.close)
            outlets.add(CLASSIC, classic, ChannelRules(payloads=(*PAYLOADS, *XML)))
        messaging = Messaging(settings.notify.endpoints, base_url=app.hub.base_url, clock=clock, tls=tls)
        stack.push_async_callback(messaging.close)
        outlets.add(MESSAGE, messaging)
        if settings.nats is not None:
            nats = Nats(settings.nats, clock=clock)
            stack.push_async_callback(nats.close)
            outlets.add(NATS, InCloudEvents(nats, signals), also_in_cloud_events(ChannelRules(nats.check)))
        if settings.mesh is not None:
            await _open_mailbox(app, settings.mesh, outlets, signals, stack)
        yield outlets


def _signals(app: App) -> SignalWriter:
    """What makes signals of notifications: by the topics in force, in the name that the settings have."""
    events = {topic.url: topic.event for topic in app.settings.topics}
    source = app.settings.notify.signal_source or usual_source(app.hub.base_url)
    return SignalWriter(events, app.hub.parameters, source)


async def _open_mailbox(
    app: App, mesh: MeshSettings, outlets: Outlets, signals: SignalWriter, stack: contextlib.AsyncExitStack
) -> None:
    """Send from the mailbox, and read it."""

    async def undelivered(report: Report) -> None:
        repository = app.hub.repository
        reason = f"MESH {report.code}: {report.description}"
        if not await mesh_undelivered(report.local_id, reason, repository, repository.events, app.hub.clock()):
            log.warning("report of a message that is none of ours", message=report.about, reason=reason)

    mailbox = await stack.enter_async_context(Mailbox.opened(mesh.url, mesh.mailbox_key(), tls=mesh.tls()))
    channel = Mesh(mailbox, mesh.mailboxes, mesh.workflow)
    outlets.add(MESH, channel, ChannelRules(channel.check))
    as_mns = MnsMesh(channel, signals, base_url=app.hub.base_url)
    outlets.add(MNS, as_mns, as_mns.rules)
    messages = MessageIntake(
        mesh.mailboxes, lambda client: intake_of(app, client, mesh.purpose), inflow_of(app), mesh.takes
    )
    polling = asyncio.create_task(Poller(mailbox, messages.take, undelivered, interval=mesh.poll).run())
    stack.push_async_callback(_cancelled, polling)


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
