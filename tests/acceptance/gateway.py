"""A door before a hub for programs that know no tokens: it asks the hub for one, and adds it where there is none such.

The hub itself stays as it is in service. It knows itself by the door's address, so links that it tells lead through
the door again.
"""

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from tests.integration.hub import Locality
from yarl import URL

from careloom.governance import token_form

_HOP = ("Host", "Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length")
_CLIENT = "acute-epr"
_TOKEN = "/auth/token"
_TOKEN_OF_OURS = re.compile(r"Bearer eyJ[\w-]+\.[\w-]+\.")
_LONGEST = 1 << 20
"""Bytes of a line of a head: whether one is too long is for the hub to say."""

_SECONDS = 60
"""How long a token is used; it is good for longer."""


@contextmanager
def gateway(locality: Locality, hub_port: int) -> Iterator[int]:
    """Stand before the hub of a locality, which may start later; the port of the door."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    door = _Door(locality, hub_port)
    try:
        yield asyncio.run_coroutine_threadsafe(door.open(), loop).result(10)
    finally:
        asyncio.run_coroutine_threadsafe(door.close(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class _Door:
    def __init__(self, locality: Locality, hub_port: int) -> None:
        self._locality = locality
        self._hub = f"http://127.0.0.1:{hub_port}"
        self._token, self._good_until = "", 0.0
        self._asking = asyncio.Lock()

    async def open(self) -> int:
        self._session = aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout(total=300))
        application = web.Application()
        application.router.add_route("*", r"/{path:[\s\S]*}", self._pass)
        self._runner = web.AppRunner(
            application, auto_decompress=False, max_line_size=_LONGEST, max_field_size=_LONGEST
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, backlog=512)
        await site.start()
        port: int = self._runner.addresses[0][1]
        self._port = port
        return port

    async def close(self) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        headers = _forwarded(request.headers)
        if not _TOKEN_OF_OURS.match(headers.get("Authorization", "")):
            headers["Authorization"] = f"Bearer {await self._current_token()}"
        body = await request.content.read() if request.body_exists else None
        if body and request.path.endswith(_TOKEN) and b"purpose_of_use" not in body:
            body += b"&purpose_of_use=TREAT"
        url = URL(self._hub + request.raw_path, encoded=True)
        async with self._session.request(
            request.method, url, data=body, headers=headers, allow_redirects=False
        ) as answer:
            told = _forwarded(answer.headers)
            if request.method == "HEAD":
                told["Content-Length"] = answer.headers.get("Content-Length", "0")
            return web.Response(status=answer.status, headers=told, body=await answer.read())

    async def _current_token(self) -> str:
        async with self._asking:
            if time.monotonic() > self._good_until:
                self._token, self._good_until = await self._new_token(), time.monotonic() + _SECONDS
            return self._token

    async def _new_token(self) -> str:
        form = token_form(
            self._locality.keys[_CLIENT],
            client=_CLIENT,
            token_url=f"http://127.0.0.1:{self._port}/fhir{_TOKEN}",
            scope="system/*.cruds",
            now=datetime.now(UTC),
            purpose="TREAT",
        )
        async with self._session.post(f"{self._hub}/fhir{_TOKEN}", data=form) as answer:
            token: str = (await answer.json())["access_token"]
            return token


def _forwarded(headers: "aiohttp.typedefs.LooseHeaders") -> CIMultiDict[str]:
    """Headers without those that are about one connection."""
    kept: CIMultiDict[str] = CIMultiDict(headers)
    for name in _HOP:
        kept.popall(name, None)
    return kept
