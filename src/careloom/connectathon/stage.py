"""The stage of a run: the recorder's gateways, the hub and the simulated systems behind them, all on this machine."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp

from careloom.connectathon.audit import AuditReader
from careloom.connectathon.exchange import Exchange
from careloom.connectathon.identity import Identities
from careloom.connectathon.listeners import Listeners
from careloom.connectathon.ports import free_port
from careloom.connectathon.processes import Child
from careloom.connectathon.recorder import Gateway, Recorder
from careloom.connectathon.run import Run
from careloom.connectathon.scenario import Role, Scenario
from careloom.connectathon.suppliers.wire import Account, HubClient
from careloom.connectathon.workspace import HOST_CLIENT, Addresses, Workspace, fragment, prepare
from careloom.model import parse_json, serialize_json
from careloom.model.errors import ConflictError, MalformedError, UnavailableError
from careloom.model.records import dataclass

FHIR_BASE = "/fhir"
_START_PATIENCE = 120.0
"""Seconds for the hub, or a simulated system, to load its definitions and answer."""
_RELOAD_PATIENCE = 15.0

# What the hub logs when it has taken up its settings file, or will not; nothing on the wire tells it.
_IN_FORCE = "settings in force"
_KEPT = "settings kept as they were"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a stage is made of, before anything runs.

    Attributes:
        gateways: Role to its gateway.
        addresses: Where everything is reached.
    """

    gateways: Mapping[str, Gateway]
    addresses: Addresses


class LocalStage:
    """Has things done in a run whose systems are child processes."""

    def __init__(
        self, run: Run, recorder: Recorder, plan: Plan, workspace: Workspace, http: aiohttp.ClientSession
    ) -> None:
        self._run = run
        self._recorder = recorder
        self._plan = plan
        self._workspace = workspace
        self._http = http
        self._controls: dict[str, str] = {}
        self._children: list[Child] = []

    async def start(self) -> None:
        """Start the hub, then the simulated systems.

        Raises:
            UnavailableError: One of them does not come up; the message has the end of its log.
        """
        await self._start_hub()
        await asyncio.gather(*(self._start_simulator(role) for role in self._run.scenario.simulators))

    async def stop(self) -> None:
        """End every process, those that speak first."""
        for child in reversed(self._children):
            await child.stop()

    async def ask(self, role: str, action: str, arguments: Mapping[str, str]) -> Any:
        """Have a simulator act.

        Raises:
            UnavailableError: It does not answer.
            ConflictError: It cannot do that; says why.
        """
        url = f"{self._controls[role]}/control/{action.replace(' ', '-')}"
        try:
            async with self._http.post(url, data=serialize_json(dict(arguments))) as answer:
                told = parse_json(await answer.read())
        except (aiohttp.ClientError, TimeoutError, MalformedError) as error:
            raise UnavailableError(f"{role} does not answer its host: {error!r}") from error
        if answer.status != 200:
            raise ConflictError(f"{role} cannot {action}: {told.get('error', answer.status)}")
        return told

    async def extend_settings(self, file: str) -> None:
        """Add a fragment to the hub's settings file, whole or not at all, and wait until the hub has taken it up.

        Raises:
            UnavailableError: The hub does not take it up.
        """
        settings = self._workspace.settings
        text = settings.read_text(encoding="utf-8") + fragment(self._run.scenario.folder / file, {})
        draft = settings.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text(text, encoding="utf-8")
        log = self._workspace.log(self._run.scenario.hub.id)
        read = log.stat().st_size
        draft.replace(settings)
        await self._await_words(log, read, _IN_FORCE, _KEPT)

    async def _await_words(self, log: Path, start: int, good: str, bad: str) -> None:
        """Wait until the hub's log, from a place on, has the good word; the bad one is the end of it."""
        deadline = asyncio.get_running_loop().time() + _RELOAD_PATIENCE
        while asyncio.get_running_loop().time() < deadline:
            text = log.read_bytes()[start:].decode("utf-8", "replace")
            if good in text:
                return
            if bad in text:
                raise UnavailableError(f"the hub does not take up its new settings: {text.strip()}")
            await asyncio.sleep(0.05)
        raise UnavailableError(f"the hub has not looked at its new settings within {_RELOAD_PATIENCE:g} s")

    async def replay(self, exchange: Exchange) -> None:
        """Send a recorded request once more, byte for byte, through the same gateway."""
        gateway = self._plan.gateways[exchange.receiver]
        await self._recorder.forward(gateway, exchange.method, exchange.path, exchange.request, sender=exchange.sender)

    async def _start_hub(self) -> None:
        command = [sys.executable, "-m", "careloom", "serve", "--settings", str(self._workspace.settings)]
        hub = await self._child(self._run.scenario.hub.id, command)
        upstream = f"http://127.0.0.1:{self._plan.addresses.hub_port}"
        deadline = asyncio.get_running_loop().time() + _START_PATIENCE
        while not await self._answers(f"{upstream}{FHIR_BASE}/.well-known/smart-configuration"):
            hub.require_alive()
            if asyncio.get_running_loop().time() > deadline:
                raise UnavailableError(f"the hub does not answer at {upstream} after {_START_PATIENCE:g} s")
            await asyncio.sleep(0.1)
        self._plan.gateways[self._run.scenario.hub.id].upstream = upstream
        self._run.console = f"{upstream}/notifications"

    async def _start_simulator(self, role: Role) -> None:
        configuration = str(self._workspace.simulators[role.id])
        command = [sys.executable, "-m", "careloom.connectathon.suppliers", configuration]
        child = await self._child(role.id, command, piped=True)
        port = parse_json(await child.line(_START_PATIENCE))["listening"]
        self._controls[role.id] = f"http://127.0.0.1:{port}"
        self._plan.gateways[role.id].upstream = self._controls[role.id]

    async def _child(self, name: str, command: list[str], *, piped: bool = False) -> Child:
        child = await Child.start(name, command, log=self._workspace.log(name), environment=os.environ, piped=piped)
        self._children.append(child)
        return child

    async def _answers(self, url: str) -> bool:
        try:
            async with self._http.get(url) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False


@contextlib.asynccontextmanager
async def local_stage(
    run: Run, plan: Plan, listeners: Listeners, folder: Path, words: Mapping[str, str]
) -> AsyncIterator[LocalStage]:
    """A stage with everything running, ended with the block.

    Args:
        run: What will be played.
        plan: Made for the same listeners before they began to serve.
        listeners: Where the gateways are put; must be serving.
        folder: Of the run.
        words: More words for the settings fragments.

    Raises:
        CareloomError: Something cannot be prepared or started; says what.
    """
    workspace = prepare(folder, run.scenario, run.variant, plan.addresses, words)
    run.conformance = workspace.conformance
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as http:
        identities = Identities({role.client: role.id for role in run.scenario.simulators})
        recorder = Recorder(run, identities, http)
        for role, gateway in plan.gateways.items():
            listeners.put(_port(plan, role), recorder.application(gateway))
        async with aiohttp.ClientSession(timeout=timeout) as own:
            stage = LocalStage(run, recorder, plan, workspace, own)
            reader = AuditReader(run, HubClient(own, _host_account(plan, workspace)))
            recorder.heard = reader.heard
            try:
                await stage.start()
                async with reader:
                    yield stage
            finally:
                await stage.stop()


def plan_stage(scenario: Scenario, listeners: Listeners) -> Plan:
    """Take a port for each role's gateway."""
    hub = scenario.hub.id
    urls = {role.id: f"http://127.0.0.1:{listeners.open()}" for role in scenario.roles}
    # Only the hub speaks to simulators through the recorder; to the hub, everyone does.
    gateways = {role: Gateway(role, usual_sender="" if role == hub else hub) for role in urls}
    return Plan(gateways, Addresses(urls[hub] + FHIR_BASE, free_port(), urls))


def _port(plan: Plan, role: str) -> int:
    return int(plan.addresses.gateways[role].rpartition(":")[2])


def _host_account(plan: Plan, workspace: Workspace) -> Account:
    return Account(
        base_url=plan.addresses.hub_url,
        client=HOST_CLIENT,
        key=workspace.host_key,
        scope="system/AuditEvent.rs",
        purpose="HSYSADMIN",
        reached_at=f"http://127.0.0.1:{plan.addresses.hub_port}{FHIR_BASE}",
    )
