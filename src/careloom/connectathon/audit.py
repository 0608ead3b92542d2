"""Reads the hub's audit record of each exchange, so that a run can show the decision on it.

The host does this as any client would, with its own token and under its own agreement. It speaks to the hub
directly, not through the recorder: what the host reads is not part of the play, what it finds is kept as evidence.
"""

import asyncio
import logging
from types import TracebackType
from typing import Self

from careloom.connectathon.decision import audit_reference, decision_of
from careloom.connectathon.exchange import Exchange
from careloom.connectathon.run import Run
from careloom.connectathon.suppliers.wire import HubClient
from careloom.model.errors import CareloomError

_log = logging.getLogger(__name__)


class AuditReader:
    """Reads audit records, one after the other, in the background."""

    def __init__(self, run: Run, hub: HubClient) -> None:
        self._run = run
        self._hub = hub
        self._heard: asyncio.Queue[Exchange] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def heard(self, exchange: Exchange) -> None:
        """Note an exchange that is over; those without an audit record are passed by."""
        if audit_reference(exchange):
            self._heard.put_nowait(exchange)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._read_all())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _read_all(self) -> None:
        while True:
            exchange = await self._heard.get()
            try:
                await self._read(exchange)
            except CareloomError as error:
                # A verdict that asks for the decision fails for it; the others need not.
                _log.warning("exchange %d: its audit record cannot be read: %s", exchange.number, error)

    async def _read(self, exchange: Exchange) -> None:
        reference = audit_reference(exchange)
        if not reference:
            return
        answer = await self._hub.get(reference)
        if answer.is_success and isinstance(answer.body, dict):
            self._run.decide(decision_of(exchange.number, answer.body))
        else:
            _log.warning("exchange %d: %s cannot be read: %s", exchange.number, reference, answer.told)
