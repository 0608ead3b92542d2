"""The exchange recorder: a reverse proxy that every system of a run is spoken to through.

Each role has its gateway, one base address of the recorder that passes requests on to the system playing the role.
What passes is handed to the `Run` as it begins and as it ends. Bodies are passed on byte for byte; of the headers
only those that belong to one connection are changed.
"""

from collections.abc import Callable, Iterable

import aiohttp
from yarl import URL

from careloom.connectathon.exchange import Exchange, Headers, Message
from careloom.connectathon.identity import Identities
from careloom.connectathon.listeners import Application, Receive, Scope, Send
from careloom.connectathon.run import Run
from careloom.model import Issue, operation_outcome, serialize_json
from careloom.model.instants import Clock, utc_now
from careloom.model.records import dataclass, replace

LIMIT = 64 * 1024 * 1024
"""Bytes of a body that the recorder keeps; a longer request is refused, since it could not be evidence."""

# RFC 9110 7.6.1: these speak of one connection. Host stays: the hub must see the address the client used.
_CONNECTION_HEADERS = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te"}
    | {"trailer", "transfer-encoding", "upgrade"}
)

_NOT_PASSED_ON = _CONNECTION_HEADERS | {"accept-encoding"}
"""Evidence must be readable as it lies there, so answers are asked for as they are and not packed for the way."""


@dataclass(slots=True)
class Gateway:
    """The way to one role.

    Attributes:
        role: Who is reached through it.
        upstream: Base address of the system playing the role, once that is known: ``http://127.0.0.1:4711``.
        usual_sender: The only role that uses this gateway; empty where several do.
    """

    role: str
    upstream: str = ""
    usual_sender: str = ""


class Recorder:
    """Passes requests on through gateways, and tells the run of each.

    Attributes:
        heard: Called with each exchange that is over, after the run has it as evidence.
    """

    def __init__(
        self, run: Run, identities: Identities, http: aiohttp.ClientSession, *, clock: Clock = utc_now
    ) -> None:
        self._run = run
        self._identities = identities
        self._http = http
        self._clock = clock
        self.heard: Callable[[Exchange], None] = lambda exchange: None

    def application(self, gateway: Gateway) -> Application:
        """The ASGI application that listens at a gateway's address."""

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                return
            body = await _body(receive)
            if body is None:
                await _answer(send, 413, _plain(f"the recorder keeps at most {LIMIT} bytes"))
                return
            request = Message(_texts(scope["headers"]), body)
            exchange = await self.forward(gateway, scope["method"], _target(scope), request)
            await _answer(send, exchange.status or 502, exchange.response if exchange.status else _no_answer(exchange))

        return application

    async def forward(
        self, gateway: Gateway, method: str, path: str, request: Message, *, sender: str = ""
    ) -> Exchange:
        """Send a request on, record it with its answer, and give both, secrets included."""
        who = self._identities.sender(request, sender or gateway.usual_sender)
        exchange = self._run.begin(
            lambda number, step: Exchange(
                number, step, who.role, gateway.role, who.identified_by, method, path, self._clock(), request
            )
        )
        exchange = await self._answered(exchange, gateway)
        self._identities.learn(exchange)
        self._run.end(exchange)
        self.heard(exchange)
        return exchange

    async def _answered(self, exchange: Exchange, gateway: Gateway) -> Exchange:
        try:
            async with self._http.request(
                exchange.method,
                # The path is passed on as it was written; a client library would normalise its escapes.
                URL(gateway.upstream + exchange.path, encoded=True),
                headers=[pair for pair in exchange.request.headers if pair[0] not in _NOT_PASSED_ON],
                skip_auto_headers=("accept", "accept-encoding", "content-type", "user-agent"),
                data=exchange.request.body or None,
                allow_redirects=False,
            ) as answer:
                response = Message(_texts(answer.raw_headers), await answer.read())
                return replace(exchange, status=answer.status, response=response, ended=self._clock())
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            fault = f"{gateway.role} does not answer: {type(error).__name__} {error}".strip()
            return replace(exchange, fault=fault, ended=self._clock())


async def _body(receive: Receive) -> bytes | None:
    """The whole request body; None when it is over the limit."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LIMIT:
            return None
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Send, status: int, message: Message) -> None:
    headers = [
        (name.encode("latin-1"), value.encode("utf-8", "surrogateescape"))
        for name, value in message.headers
        if name not in _CONNECTION_HEADERS and name != "content-length"
    ]
    headers.append((b"content-length", b"%d" % len(message.body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": message.body})


def _no_answer(exchange: Exchange) -> Message:
    """What the recorder itself tells a sender whose request came to nothing."""
    outcome = operation_outcome([Issue("error", "transient", exchange.fault)])
    return Message((("content-type", "application/fhir+json"),), serialize_json(outcome))


def _plain(text: str) -> Message:
    return Message((("content-type", "text/plain; charset=utf-8"),), text.encode())


def _target(scope: Scope) -> str:
    query = scope["query_string"]
    path = scope["raw_path"].partition(b"?")[0] + (b"?" + query if query else b"")
    return str(path.decode("latin-1"))


def _texts(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    return tuple((name.decode("latin-1").lower(), value.decode("utf-8", "surrogateescape")) for name, value in headers)
