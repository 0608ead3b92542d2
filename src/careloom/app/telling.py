"""Notifications wired: topics, policy, lanes and who is on duty."""

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from careloom.app.application import App
from careloom.governance import AuditSource, Grant, Registry
from careloom.model.records import replace
from careloom.model.resource import Resource
from careloom.notify import Notifier, Ports, Terms, TopicRegistry, disclosure, policy
from careloom.notify.channels import Outlets
from careloom.notify.contents import Contents
from careloom.notify.duty import Duty
from careloom.notify.equals import Equals
from careloom.notify.lanes import Lanes, supervised
from careloom.notify.listening import all_subscriptions
from careloom.notify.metrics import NotifyMetrics
from careloom.notify.shifts import Shifts
from careloom.notify.subscriptions import OWNER_SYSTEM, WITHOUT_ENDPOINT
from careloom.notify.telling import Telling
from careloom.notify.tenure import Tenure, guarded
from careloom.rest.hub import BeforeWrite
from careloom.rest.subscriptions.line import websocket_url
from careloom.settings import Settings
from careloom.store.ids import new_id
from careloom.store.leases import Lease


@asynccontextmanager
async def telling(app: App, outlets: Outlets) -> AsyncIterator[None]:
    """Tell subscribers of what happens, by the rules of the moment, for as long as the context lasts."""
    hub, settings = app.hub, app.settings
    topics = TopicRegistry(settings.topics, hub.parameters, classic=settings.notify.takes_classic)
    ports = _ports(app)
    terms = Terms(endpoints=settings.notify.endpoints, retry=settings.notify.retry, rules=outlets.rules)
    subscriptions = partial(all_subscriptions, hub.repository, topics)

    def notifier(tenure: Tenure, lease: Lease | None = None, lanes: Lanes | None = None) -> Notifier:
        return Notifier(
            hub.repository,
            topics,
            guarded(outlets.channels, tenure),
            ports,
            base_url=hub.base_url,
            terms=terms,
            events=hub.repository.events.under(lease) if lease else None,
            lanes=lanes,
        )

    on_duty, on_shift = Tenure(), Tenure()
    accepting, equals = notifier(on_shift), Equals(hub.repository, settings.notify.most_equal)
    app.hub = replace(
        hub,
        before_write={**hub.before_write, "Subscription": _accept(accepting, equals)},
        owned={"Subscription": OWNER_SYSTEM},
        telling=_for_requests(app, outlets, topics, ports, lambda: duty.is_on or settings.store.is_postgres),
    )
    holder = _holder(settings)
    async with contextlib.AsyncExitStack() as stack:
        position = await hub.repository.events.matched_to()
        equals.start(await subscriptions())
        following = asyncio.create_task(supervised("equal subscriptions", lambda: equals.follow(position)))
        stack.callback(following.cancel)
        shifts = None
        if settings.store.is_postgres:  # which several processes may share
            shifts = Shifts(hub.repository, holder, accepting.lanes_for, subscriptions, tenure=on_shift)
            stack.push_async_callback(shifts.stop)
            await shifts.start()
        lanes = shifts.lanes if shifts else None
        duty = Duty(hub.repository.events, holder, lambda lease: notifier(on_duty, lease, lanes), on_duty)
        stack.push_async_callback(duty.stop)
        await duty.start()
        yield


def _ports(app: App) -> Ports:
    """What notifiers ask of the rest of the hub; rules and secrets are those of the moment they are asked for."""
    hub = app.hub

    def registered() -> Registry:
        return app.hub.registry

    return Ports(
        may_tell=policy(registered, hub.clock),
        secret_of=lambda client: app.settings.webhook_secrets.get(client, ""),
        disclosed=disclosure(hub.repository, registered, AuditSource(hub.base_url, hub.site), hub.clock, hub.new_id),
        clock=hub.clock,
        random=random.random,
        metrics=NotifyMetrics(hub.metrics.registry),
    )


def _accept(accepting: Notifier, equals: Equals) -> BeforeWrite:
    """What is made of a Subscription before it is written."""

    def accept(resource: Resource, grant: Grant) -> Resource:
        return equals.require_few(accepting.accept(resource, client=grant.client, purpose=grant.purpose))

    return accept


def _for_requests(
    app: App, outlets: Outlets, topics: TopicRegistry, ports: Ports, is_on_duty: Callable[[], bool]
) -> Telling:
    """What requests about subscriptions need of notify."""
    hub, settings = app.hub, app.settings
    return Telling(
        topics=topics,
        contents=Contents(hub.repository, topics, ports.may_tell),
        disclosed=ports.disclosed,
        endpoints=settings.notify.endpoints,
        channels={*outlets.channels, *WITHOUT_ENDPOINT},
        rules=outlets.rules,
        websocket_url=websocket_url(hub.base_url),
        most_replays=settings.notify.most_replays,
        metrics=ports.metrics,
        is_on_duty=is_on_duty,
        is_shared=settings.store.is_postgres,
    )


def _holder(settings: Settings) -> str:
    """What this process is called among those that share a record; alone with a file, the same at every start."""
    return f"{socket.gethostname()}:{os.getpid()}:{new_id()}" if settings.store.is_postgres else "hub"
