"""Ways in beside HTTP: HL7 v2 at ports of its own, and what those who come otherwise are recorded by."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import structlog

from careloom.app.application import App
from careloom.connectors.hl7v2 import Hl7v2Source, MllpListener
from careloom.connectors.inflow import Inflow
from careloom.connectors.intake import Intake
from careloom.connectors.nems import EventRules
from careloom.governance import AuditSource
from careloom.model import Issue
from careloom.model.instants import utc_now
from careloom.model.resource import Resource
from careloom.settings.mllp import MllpSettings

log = structlog.get_logger(__name__)


@asynccontextmanager
async def listening(app: App) -> AsyncIterator[None]:
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
    return Hl7v2Source(intake_of(app, port.client, port.purpose), port.tables, _checks(app), port.processing)


def inflow_of(app: App) -> Inflow:
    """How events that others tell of are taken in."""
    return Inflow(EventRules(utc_now, _checks(app), own=(app.hub.base_url,)), app.hub.types)


def _checks(app: App) -> Callable[[Resource], Sequence[Issue]]:
    """What a resource from the edge is judged by, at the moment it comes."""

    def check(resource: Resource) -> Sequence[Issue]:
        return app.hub.validator.validate(resource, profiles=app.hub.conformance.get(resource["resourceType"], ()))

    return check


def intake_of(app: App, client: str, purpose: str) -> Intake:
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
