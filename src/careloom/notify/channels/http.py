"""HTTP for channels that need the answer: to allowed addresses only, without following redirects.

What `careloom.notify.poster` does faster, but it reads no more of an answer than its head, and sends by POST alone.
"""

import ssl
from collections.abc import Callable, Mapping
from typing import Final

import aiohttp

from careloom.model.errors import CareloomError
from careloom.model.records import dataclass
from careloom.notify.endpoints import EndpointPolicy, guarded_socket
from careloom.notify.rest_hook import Outcome

MOST_ANSWERED: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back.

    Attributes:
        status: HTTP status.
        retry_after: The header of that name; None where there is none.
        body: As far as it is read.
    """

    status: int
    retry_after: str | None
    body: bytes


class HttpClient:
    """Makes requests; connections are opened when they are needed, on the running event loop."""

    def __init__(self, policy: EndpointPolicy, tls: ssl.SSLContext | None = None) -> None:
        """Prepare to ask.

        Args:
            policy: Where may be sent to, judged again at each connection.
            tls: How https is spoken, where that is not the usual way.
        """
        self._policy = policy
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def outcome(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        meaning: Callable[[HttpAnswer], Outcome],
    ) -> Outcome:
        """What a request comes to; every failure is an outcome.

        Args:
            method: Of HTTP.
            url: Where to.
            headers: By name.
            body: As it goes out.
            meaning: What an answer means.
        """
        try:
            self._policy.check_url(url)
            async with self._open().request(method, url, data=body, headers=headers, allow_redirects=False) as found:
                answer = HttpAnswer(found.status, found.headers.get("Retry-After"), await _beginning(found.content))
            return meaning(answer)
        except CareloomError as error:
            return Outcome("refused", detail=str(error))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
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
            guarded = guarded_socket(self._policy)
            connector = aiohttp.TCPConnector(limit=0, socket_factory=guarded, ssl=self._tls or True)
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=None),  # whoever sends sees to it
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


async def _beginning(content: aiohttp.StreamReader) -> bytes:
    """As much of an answer as is read; unpacked bytes are counted, so that a small one cannot grow without end."""
    read = bytearray()
    while len(read) < MOST_ANSWERED and (more := await content.read(MOST_ANSWERED - len(read))):
        read += more
    return bytes(read)
