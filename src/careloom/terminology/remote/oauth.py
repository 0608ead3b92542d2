"""OAuth 2.0 client credentials (RFC 6749, section 4.4): a token for the terminology server, renewed in time."""

import base64
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

from careloom.model import parse_json
from careloom.model.errors import LoginError, MalformedError
from careloom.terminology.remote.http import Http, check_address

_EARLY = 30.0
"""Seconds before its end at which a token is no longer used."""
_DEFAULT_LIFETIME = 60.0


class ClientCredentials:
    """A client of a token endpoint.

    Args:
        token_url: Where tokens are given out.
        client_id: As registered.
        client_secret: As registered; never told in a message.
        scope: What to ask for; nothing when empty.
        http: How to send requests.
        clock: Seconds that only go forward.

    Raises:
        InvalidError: The token endpoint is not an https address, nor on this machine.
    """

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: str,
        scope: str = "",
        *,
        http: Http | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        check_address(token_url, with_credentials=True)
        self._token_url = token_url
        self._authorization = _basic(client_id, client_secret)
        self._scope = scope
        self._http = http or Http()
        self._clock = clock
        self._turn = threading.Lock()
        self._token = ""
        self._until = 0.0

    def token(self) -> str:
        """A token that is good for some time yet.

        Raises:
            LoginError: The endpoint refuses.
            UnavailableError: It does not answer.
        """
        with self._turn:
            if self._clock() >= self._until:
                self._renew()
            return self._token

    def forget(self, token: str) -> None:
        """Not use a token again, since the server refused it."""
        with self._turn:
            if token == self._token:
                self._until = 0.0

    def _renew(self) -> None:
        form = {"grant_type": "client_credentials"} | ({"scope": self._scope} if self._scope else {})
        headers = {
            "Authorization": self._authorization,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        asked = self._clock()
        answer = self._http.post(self._token_url, urllib.parse.urlencode(form).encode(), headers)
        said = _object(answer.body)
        token = said.get("access_token")
        if answer.status != 200 or not isinstance(token, str) or not token:
            why = said.get("error_description") or said.get("error") or "no access_token"
            raise LoginError(f"{self._token_url}: a token expected, answered {answer.status}: {str(why)[:200]}")
        lifetime = said.get("expires_in")
        seconds = float(lifetime) if isinstance(lifetime, int) else _DEFAULT_LIFETIME
        self._token, self._until = token, asked + max(seconds - _EARLY, seconds / 2)


def _basic(client_id: str, client_secret: str) -> str:
    """HTTP Basic as RFC 6749, section 2.3.1 has it: both parts form-encoded first."""
    pair = f"{urllib.parse.quote_plus(client_id)}:{urllib.parse.quote_plus(client_secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = parse_json(body)
    except MalformedError:
        return {}  # told by its status
    return found if isinstance(found, dict) else {}
