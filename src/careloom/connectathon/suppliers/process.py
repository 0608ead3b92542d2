"""A simulated system as a process: its own addresses, and a control address by which the host has it act.

::

    POST /control/ACTION    {"name": "text"} in, what came of it out
    GET  /control/state     what its storage holds

The process writes one line to its standard output, ``{"listening": PORT}``, when it can be reached, and ends when its
standard input is closed, so it never outlives the host that started it.
"""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any, Self

import aiohttp
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from careloom.connectathon.suppliers.hospital import Hospital
from careloom.connectathon.suppliers.practice import Practice
from careloom.connectathon.suppliers.social_care import SocialCare
from careloom.connectathon.suppliers.system import Place, System
from careloom.connectathon.suppliers.wire import Account, HubClient
from careloom.governance.keys import private_key
from careloom.model import parse_json, serialize_json
from careloom.model.connections import AT_REST
from careloom.model.errors import CareloomError, InvalidError, NotFoundError
from careloom.model.records import dataclass

SIMULATORS: Mapping[str, Callable[[Place], System]] = {
    "hospital": Hospital,
    "practice": Practice,
    "social-care": SocialCare,
}
"""Every kind of simulated system there is."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the host tells a process it starts; written as a JSON file with these keys.

    Attributes:
        simulator: Key of `SIMULATORS`.
        key: File with the private JWK.
        storage: Folder for its data, made if absent.
        port: To listen at; 0 for any.
        settings: As the kind of system asks for.
    """

    simulator: str
    client: str
    hub: str
    key: str
    scope: str
    purpose: str
    storage: str
    public_url: str
    settings: Mapping[str, str]
    port: int = 0

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a configuration file.

        Raises:
            InvalidError: A key is missing or unknown.
        """
        try:
            return cls(**parse_json(path.read_bytes()))
        except TypeError as error:
            raise InvalidError(f"{path}: not a simulated system's configuration: {error}") from error


def main(path: Path) -> None:
    """Run a simulated system until its standard input is closed."""
    asyncio.run(_run(Configuration.load(path)))


async def _run(configuration: Configuration) -> None:
    if configuration.simulator not in SIMULATORS:
        raise NotFoundError(f"no simulated system {configuration.simulator!r}; there are: {', '.join(SIMULATORS)}")
    listener = socket.create_server(("127.0.0.1", configuration.port))
    async with _system(configuration) as system:
        config = uvicorn.Config(
            application(system), log_level="warning", timeout_keep_alive=AT_REST, timeout_graceful_shutdown=2
        )
        server = _Server(config)
        working = asyncio.create_task(_run_work(system, server))
        ending = asyncio.create_task(_stop_at_end_of_input(server))
        print(serialize_json({"listening": listener.getsockname()[1]}).decode(), flush=True)
        await server.serve(sockets=[listener])
        for task in (working, ending):
            task.cancel()
        await asyncio.gather(working, return_exceptions=True)


def application(system: System) -> Starlette:
    """The addresses of a simulated system."""

    async def act(request: Request) -> Response:
        name = request.path_params["action"].replace("-", " ")
        action = system.actions.get(name)
        if action is None:
            return JSONResponse({"error": f"cannot {name!r}; can: {', '.join(system.actions)}"}, status_code=404)
        try:
            return _json(await action(parse_json(await request.body() or b"{}")))
        except CareloomError as error:
            return JSONResponse({"error": str(error)}, status_code=502)
        except KeyError as error:
            return JSONResponse({"error": f"{name}: {error} is missing"}, status_code=400)

    async def state(request: Request) -> Response:
        return _json(system.state())

    return Starlette(
        routes=[
            Route("/control/state", state, methods=["GET"]),
            Route("/control/{action}", act, methods=["POST"]),
            *system.routes,
        ]
    )


@contextlib.asynccontextmanager
async def _system(configuration: Configuration) -> AsyncIterator[System]:
    storage = Path(configuration.storage)
    storage.mkdir(parents=True, exist_ok=True)
    account = Account(
        base_url=configuration.hub,
        client=configuration.client,
        key=private_key(parse_json(Path(configuration.key).read_bytes())),
        scope=configuration.scope,
        purpose=configuration.purpose,
    )
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as http:
        place = Place(HubClient(http, account), storage, configuration.public_url, configuration.settings)
        system = SIMULATORS[configuration.simulator](place)
        try:
            yield system
        finally:
            system.close()


async def _run_work(system: System, server: uvicorn.Server) -> None:
    try:
        await system.work()
    except Exception:
        # A system whose own work broke is of no use to anyone: end, and let the host see it.
        server.should_exit = True
        raise


async def _stop_at_end_of_input(server: uvicorn.Server) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    server.should_exit = True


class _Server(uvicorn.Server):
    """A server that leaves SIGINT to the host, which closes our standard input when it ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


def _json(value: Mapping[str, Any]) -> Response:
    return Response(serialize_json(dict(value)), media_type="application/json")
