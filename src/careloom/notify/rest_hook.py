"""The rest-hook channel: one POST, and what its answer means."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, Protocol

import aiohttp

from careloom.model.errors import CareloomError
from careloom.model.instants import Clock
from careloom.notify.endpoints import EndpointPolicy, guarded_socket
from careloom.notify.signature import signed_headers

CONTENT_TYPE = "application/fhir+json"
ANSWER_LIMIT = 64 * 1024

TOO_LARGE = 413

_REJECTIONS = frozenset({400, 406, 409, TOO_LARGE, 415, 422, 431})
"""Answers to what was sent, rather than to who sent it or when."""

_SECONDS = re.compile("[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a try.

    Attributes:
        kind: ``accepted`` by a 2xx; ``retry`` for what may pass; ``rejected`` where the receiver does not take what
            was sent, whoever sends it how often; ``gone`` by a 410; ``refused`` when the hub itself may not send
            there.
        code: HTTP status; 0 without an answer.
        detail: For people; empty when accepted.
        retry_after: Seconds the receiver asks to wait; None when it does not say.
    """

    kind: Literal["accepted", "retry", "rejected", "gone", "refused"]
    code: int = 0
    detail: str = ""
    retry_after: float | None = None


class Channel(Protocol):
    """A way to hand a notification to a subscriber."""

    async def send(
        self, endpoint: str, body: bytes, *, webhook_id: str, secret: str, headers: tuple[tuple[str, str], ...]
    ) -> Outcome:
        """Try once; every failure is an outcome, not an exception."""
        ...


class RestHook:
    """Sends notifications by HTTP POST, signed, to allowed addresses only, without following redirects."""

    def __init__(self, policy: EndpointPolicy, *, clock: Clock, timeout: float = 20.0) -> None:
        """Prepare to send; connections are opened when they are needed, on the running event loop.

        How many there are at a time is the business of who sends: were the limit here, the time in which one
        receiver waits for another to let go of a connection would count as its own silence.

        Args:
            policy: Where may be sent to, judged again at each connection.
            clock: For the timestamp that is signed.
            timeout: Seconds for one try, from connecting to the end of the answer.
        """
        self._policy = policy
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self, endpoint: str, body: bytes, *, webhook_id: str, secret: str, headers: tuple[tuple[str, str], ...]
    ) -> Outcome:
        """Try once, and say what the answer means."""
        sent = {"Content-Type": CONTENT_TYPE} | dict(headers)
        if secret:
            sent |= signed_headers(secret, webhook_id, self._clock(), body)
        try:
            self._policy.check_url(endpoint)
            async with self._open().post(endpoint, data=body, headers=sent, allow_redirects=False) as answer:
                await answer.content.read(ANSWER_LIMIT)
                return _meaning(answer.status, answer.headers.get("Retry-After"), self._clock())
        except CareloomError as error:
            return Outcome("refused", detail=str(error))
        except TimeoutError:
            return Outcome("retry", detail=f"no answer within {self._timeout.total:g} s")
        except (aiohttp.ClientError, OSError) as error:
            return Outcome("retry", detail=f"{type(error).__name__}: {error}")
        except ValueError as error:  # a host or header that passed as FHIR and cannot stand in an HTTP request
            return Outcome("refused", detail=f"the request cannot be made: {error}")

    async def close(self) -> None:
        """Close the connections that are kept alive."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, socket_factory=guarded_socket(self._policy))
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=self._timeout, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session


def _meaning(status: int, retry_after: str | None, now: datetime) -> Outcome:
    if 200 <= status < 300:
        return Outcome("accepted", status)
    if status == 410:
        return Outcome("gone", status, "410 Gone: the subscriber does not want to be told any more")
    if status in _REJECTIONS:
        return Outcome("rejected", status, f"HTTP {status}", _seconds(retry_after, now))
    redirect = " (redirects are not followed)" if 300 <= status < 400 else ""
    return Outcome("retry", status, f"HTTP {status}{redirect}", _seconds(retry_after, now))


def _seconds(retry_after: str | None, now: datetime) -> float | None:
    """``Retry-After`` as seconds: given as such or as a date; None when it says nothing that can be read."""
    if not retry_after:
        return None
    if _SECONDS.fullmatch(retry_after):
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now.timestamp())
