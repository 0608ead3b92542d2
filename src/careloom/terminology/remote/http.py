"""Requests to a terminology server: bounded in time and size, and never sent on to another host.

Credentials go over TLS, or to this machine itself. A redirection is not followed, since it would carry them along.
"""

import ipaddress
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException, HTTPResponse
from typing import Any

from careloom.model.errors import InvalidError, UnavailableError
from careloom.model.records import dataclass

TIMEOUT = 5.0
"""Seconds for a whole request."""
MAX_BYTES = 32 * 1024 * 1024
"""Size of an answer, above which it is refused."""

_BLOCK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, whatever its status."""

    status: int
    body: bytes


class Http:
    """Sends requests.

    Args:
        timeout: Seconds for a whole request.
        clock: Seconds that only go forward.
    """

    def __init__(self, timeout: float = TIMEOUT, clock: Callable[[], float] = time.monotonic) -> None:
        self._timeout = timeout
        self._clock = clock
        self._opener = urllib.request.build_opener(_StayHere)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a POST request.

        Raises:
            UnavailableError: No answer in time, a broken or too long one, or a redirection; names the URL.
        """
        deadline = self._clock() + self._timeout
        request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")
        try:
            with self._opened(request) as answer:
                return Answer(answer.status, self._read(answer, url, deadline))
        except (OSError, HTTPException) as error:
            raise UnavailableError(f"{url}: no answer: {getattr(error, 'reason', error)}") from error

    def _opened(self, request: urllib.request.Request) -> Any:
        try:
            return self._opener.open(request, timeout=self._timeout)
        except urllib.error.HTTPError as error:
            return error  # an answer too: it has a status and a body

    def _read(self, answer: HTTPResponse, url: str, deadline: float) -> bytes:
        blocks, size = [], 0
        while block := answer.read1(_BLOCK):
            blocks.append(block)
            size += len(block)
            if size > MAX_BYTES:
                raise UnavailableError(f"{url}: an answer of at most {MAX_BYTES} bytes expected, found more")
            if self._clock() > deadline:
                raise UnavailableError(f"{url}: the answer took longer than {self._timeout:g} seconds")
        return b"".join(blocks)


def check_address(url: str, *, with_credentials: bool) -> None:
    """Refuse an address that is none, or that would get credentials in the clear.

    Raises:
        InvalidError: Not http or https, or http to another machine while there are credentials.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidError(f"{url}: an http or https address expected")
    if with_credentials and parts.scheme == "http" and not _is_this_machine(parts.hostname):
        raise InvalidError(f"{url}: https expected, since credentials are sent there")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Not follow."""
