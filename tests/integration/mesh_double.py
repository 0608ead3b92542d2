"""MESH, as far as a hub speaks to it: keeps what is sent, and hands out what it is told to."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

SETTINGS = """
[mesh]
url = "{url}"
mailbox = "X26ABC1"
password_file = "mesh.password"
shared_key_file = "mesh.key"
workflow = "CARELOOM"
poll = 0.1

[mesh.mailboxes]
X26ABC2 = "gp-system"
X26ABC3 = "acute-epr"
"""


@dataclass
class MeshDouble:
    """What was sent, in order, as headers and content; and by id what waits, as headers."""

    sent: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    waiting: dict[str, dict[str, str]] = field(default_factory=dict)
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request."""
        match request.method, request.match_info["what"].split("/"):
            case "POST", ["outbox"]:
                body = await request.read()  # which the server has unpacked
                self.sent.append((dict(request.headers), body))
                return web.json_response({"message_id": f"m{len(self.sent)}"}, status=202)
            case "GET", ["inbox"]:
                return web.json_response({"messages": list(self.waiting)})
            case "GET", ["inbox", id] if id in self.waiting:
                return web.Response(headers=self.waiting[id], body=gzip.compress(b""))
            case "PUT", ["inbox", id, *_]:
                self.waiting.pop(id, None)
        return web.json_response({})

    def report(self, local_id: str) -> None:
        """Report that nobody collected a message."""
        self.waiting[f"report-of-{local_id}"] = {
            "mex-MessageType": "REPORT",
            "mex-LocalID": local_id,
            "mex-StatusCode": "14",
            "mex-StatusDescription": "Message not collected by recipient after 5 days",
        }

    async def has(self, count: int) -> bool:
        """Whether so many were sent."""
        return len(self.sent) >= count


@asynccontextmanager
async def mesh_double() -> AsyncIterator[MeshDouble]:
    """A double that listens."""
    double, app = MeshDouble(), web.Application()
    app.router.add_route("*", "/messageexchange/{mailbox}{slash:/?}{what:.*}", double.answer)
    server: Any = TestServer(app, host="127.0.0.1")
    await server.start_server()
    double.url = str(server.make_url("")).rstrip("/")
    try:
        yield double
    finally:
        await server.close()
