"""How a simulated system speaks to the hub: SMART Backend Services, and FHIR over HTTP."""

import time
from collections.abc import Mapping
from typing import Any

import aiohttp
from yarl import URL

from careloom.governance.client_assertion import token_form
from careloom.governance.keys import PrivateKey
from careloom.model import parse_json, serialize_json
from careloom.model.errors import LoginError, MalformedError, UnavailableError
from careloom.model.instants import Clock, utc_now
from careloom.model.records import dataclass

FHIR_JSON = "application/fhir+json"
_RENEW_EARLY = 30.0
"""Seconds before the end of a token's life at which a new one is asked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        body: Plain JSON values; None where the body is not JSON.
    """

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def is_success(self) -> bool:
        """Whether the hub did what was asked."""
        return 200 <= self.status < 300

    @property
    def told(self) -> str:
        """The status, and the first thing an OperationOutcome tells."""
        issues = self.body.get("issue", []) if isinstance(self.body, dict) else []
        return f"{self.status} {issues[0].get('diagnostics', '') if issues else ''}".strip()


@dataclass(frozen=True, slots=True)
class Account:
    """A registered client of the hub.

    Attributes:
        base_url: Of the hub, without a slash at the end.
        scope: SMART scopes to ask for.
        purpose: Code of the purpose of use that is stated.
        reached_at: Where the base address is really reached, when not there.
    """

    base_url: str
    client: str
    key: PrivateKey
    scope: str
    purpose: str
    reached_at: str = ""


class HubClient:
    """One system's line to the hub; asks for a token when it needs one."""

    def __init__(self, http: aiohttp.ClientSession, account: Account, *, clock: Clock = utc_now) -> None:
        self._http = http
        self._account = account
        self._clock = clock
        self._token_url = ""
        self._token = ""
        self._token_ends = 0.0

    async def log_in(self) -> Answer:
        """Find the token endpoint if it is not known, and ask for a token.

        Raises:
            UnavailableError: The hub does not answer, or publishes no token endpoint.
        """
        if not self._token_url:
            self._token_url = await self._discover()
        account = self._account
        form = token_form(
            account.key,
            client=account.client,
            token_url=self._token_url,
            scope=account.scope,
            now=self._clock(),
            purpose=account.purpose,
        )
        answer = await self._request("POST", self._token_url, data=form)
        if answer.is_success:
            self._token = answer.body["access_token"]
            self._token_ends = time.monotonic() + float(answer.body.get("expires_in", 0))
        return answer

    async def get(self, path: str, parameters: Mapping[str, str] | None = None) -> Answer:
        """Read or search; ``path`` is below the base address or a whole URL of the hub."""
        return await self._authorised("GET", path, parameters=parameters)

    async def post(self, path: str, resource: Mapping[str, Any]) -> Answer:
        """Create, or send a transaction to the base address with an empty path."""
        return await self._authorised("POST", path, body=serialize_json(resource))

    async def _authorised(
        self, method: str, path: str, *, parameters: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        if time.monotonic() > self._token_ends - _RENEW_EARLY:
            answer = await self.log_in()
            if not answer.is_success:
                raise LoginError(f"{self._account.client}: no token from the hub: {answer.status} {answer.body}")
        headers = {"Authorization": f"Bearer {self._token}", "Accept": FHIR_JSON}
        if body is not None:
            headers["Content-Type"] = FHIR_JSON
        return await self._request(method, self._url(path), data=body, headers=headers, params=parameters)

    def _url(self, path: str) -> str:
        if path.startswith(("http:", "https:")):
            if not path.startswith(self._account.base_url + "/"):
                raise LoginError(f"{path} is not at the hub: the token is for {self._account.base_url} alone")
            return path
        return f"{self._account.base_url}/{path}".rstrip("/")

    async def _discover(self) -> str:
        answer = await self._request("GET", f"{self._account.base_url}/.well-known/smart-configuration")
        url = answer.body.get("token_endpoint") if isinstance(answer.body, dict) else None
        if not answer.is_success or not isinstance(url, str):
            raise UnavailableError(f"{self._account.base_url}: no token endpoint published, answer {answer.status}")
        return url

    async def _request(self, method: str, url: str, **options: Any) -> Answer:
        headers = {"User-Agent": f"{self._account.client}/1", **options.pop("headers", {})}
        if self._account.reached_at:
            url = self._account.reached_at + url.removeprefix(self._account.base_url)
        try:
            async with self._http.request(method, URL(url), headers=headers, **options) as response:
                return Answer(response.status, _lower(response.headers), _json(await response.read()))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UnavailableError(f"{url} does not answer: {type(error).__name__} {error}") from error


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _json(body: bytes) -> Any:
    try:
        return parse_json(body)
    except MalformedError:
        return None
