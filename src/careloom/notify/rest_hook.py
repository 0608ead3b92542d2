"""The rest-hook channel: one POST, and what its answer means."""

import asyncio
import re
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Literal, Protocol

from careloom.model.errors import CareloomError
from careloom.model.instants import Clock
from careloom.model.records import dataclass
from careloom.notify.endpoints import EndpointPolicy
from careloom.notify.poster import Poster, header_fields
from careloom.notify.signature import signed_headers

CONTENT_TYPE = "application/fhir+json"
MOST_CHECKED = 65_536
TOO_LARGE = 413

_USUAL = (("Content-Type", CONTENT_TYPE), ("User-Agent", "Careloom"))
"""Headers where a subscription does not say otherwise."""

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


_ACCEPTED = Outcome("accepted", 204)


class Channel(Protocol):
    """A way to hand a notification to a subscriber."""

    async def send(
        self, endpoint: str, body: bytes, *, webhook_id: str, secret: str, headers: tuple[tuple[str, str], ...]
    ) -> Outcome:
        """Try once; every failure is an outcome, not an exception."""
        ...


class RestHook:
    """Sends notifications by HTTP POST, signed, to allowed addresses only, without following redirects."""

    def __init__(
        self, policy: EndpointPolicy, *, clock: Clock, timeout: float | None = 20.0, tls: ssl.SSLContext | None = None
    ) -> None:
        """Prepare to send; connections are opened when they are needed, on the running event loop.

        How many there are at a time is the business of who sends: were the limit here, the time in which one
        receiver waits for another to let go of a connection would count as its own silence.

        Args:
            policy: Where may be sent to, judged again at each connection.
            clock: For the timestamp that is signed.
            timeout: Seconds for one try, from connecting to the head of the answer; None where the sender sees to it.
            tls: How https is spoken, where that is not the usual way.
        """
        self._policy = policy
        self._clock = clock
        self._timeout = timeout
        self._poster = Poster(policy, tls)
        self._checked: set[str] = set()

    async def send(
        self, endpoint: str, body: bytes, *, webhook_id: str, secret: str, headers: tuple[tuple[str, str], ...]
    ) -> Outcome:
        """Try once, and say what the answer means."""
        try:
            self._check(endpoint)
            sent = self._headers(headers, webhook_id, secret, body)
            if self._timeout is None:
                answer = await self._poster.post(endpoint, sent, body)
            else:
                async with asyncio.timeout(self._timeout):
                    answer = await self._poster.post(endpoint, sent, body)
            return _ACCEPTED if answer.status == 204 else _meaning(answer.status, answer.retry_after, self._clock())
        except CareloomError as error:
            return Outcome("refused", detail=str(error))
        except TimeoutError:
            return Outcome("retry", detail=f"no answer within {self._timeout:g} s")
        except OSError as error:
            return Outcome("retry", detail=f"{type(error).__name__}: {error}")
        except ValueError as error:  # a host or header that passed as FHIR and cannot stand in an HTTP request
            return Outcome("refused", detail=f"the request cannot be made: {error}")

    async def close(self) -> None:
        """Close the connections that are kept alive."""
        await self._poster.close()

    def _check(self, endpoint: str) -> None:
        """Judge an endpoint as it is written; once, since that judgement stays the same."""
        if endpoint not in self._checked:
            self._policy.check_url(endpoint)
            if len(self._checked) >= MOST_CHECKED:
                self._checked.clear()
            self._checked.add(endpoint)

    def _headers(self, given: tuple[tuple[str, str], ...], webhook_id: str, secret: str, body: bytes) -> str:
        if not secret:
            return _fields(given)
        signed = signed_headers(secret, webhook_id, self._clock(), body)
        return _fields(given) + "".join([f"{name}: {value}\r\n" for name, value in signed.items()])


@lru_cache(maxsize=8192)
def _fields(given: tuple[tuple[str, str], ...]) -> str:
    """The headers that are the same for every notification of a subscription.

    Raises:
        ValueError: One of them would be more than one header.
    """
    named = {name.lower() for name, _ in given}
    usual = [each for each in _USUAL if each[0].lower() not in named]
    return header_fields([*usual, *given])


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
