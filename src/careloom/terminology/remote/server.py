"""A terminology server as `careloom.terminology.ports.RemoteTerminology`.

Whatever goes wrong (no answer, an error, a shape that is not understood) ends in ``unknown`` with the reason. After a
failure to answer the server is left alone for a while, so that ten thousand codes do not wait ten thousand times.
"""

import threading
import time
from collections.abc import Callable, Sequence

import structlog

from careloom.model import Resource, parse_json, serialize_json
from careloom.model.errors import CareloomError, LoginError, MalformedError, UnavailableError
from careloom.terminology.expansion import ExpansionRequest
from careloom.terminology.remote.answers import expansion_answer, membership_answer
from careloom.terminology.remote.cache import DAY, AnswerCache
from careloom.terminology.remote.http import Answer, Http, check_address
from careloom.terminology.remote.oauth import ClientCredentials
from careloom.terminology.remote.questions import code_question, expansion_question, membership_question
from careloom.terminology.results import CodeResult

REST = 30.0
"""Seconds for which a server that did not answer is left alone."""

_FHIR = "application/fhir+json"
_UNANSWERED = frozenset({408, 429})

_log = structlog.get_logger(__name__)


class TerminologyServer:
    """A FHIR terminology server.

    Args:
        base_url: Its FHIR base.
        credentials: How to get a token; None for an open server.
        cache: Where answers are kept.
        http: How to send requests.
        clock: Seconds that only go forward.

    Raises:
        InvalidError: The address is none, or http to another machine while there are credentials.
    """

    def __init__(
        self,
        base_url: str,
        *,
        credentials: ClientCredentials | None = None,
        cache: AnswerCache | None = None,
        http: Http | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        check_address(base_url, with_credentials=credentials is not None)
        self.base_url = base_url.rstrip("/")
        self._credentials = credentials
        self._cache = cache or AnswerCache()
        self._http = http or Http()
        self._clock = clock
        self._turn = threading.Lock()
        self._resting_until = 0.0

    def validate_code(
        self, value_set_url: str, value_sets: Sequence[Resource], *, system: str | None, code: str
    ) -> CodeResult:
        """Whether a code is in a value set."""
        told = f"{f'{system}#{code}' if system else code} in {value_set_url}"
        question = membership_question(value_set_url, value_sets, system=system, code=code)
        return self._membership("ValueSet/$validate-code", question, told)

    def has_code(self, system: str, code: str) -> CodeResult:
        """Whether a code system has a code."""
        return self._membership("CodeSystem/$validate-code", code_question(system, code), f"{code} of {system}")

    def expand(self, value_set_url: str, value_sets: Sequence[Resource], request: ExpansionRequest) -> Resource | None:
        """The ValueSet with its expansion; None when the server gives none, which is logged."""
        try:
            return expansion_answer(
                self._asked("ValueSet/$expand", expansion_question(value_set_url, value_sets, request))
            )
        except CareloomError as error:
            _log.warning("value set not expanded by the terminology server", value_set=value_set_url, error=str(error))
            return None

    def _membership(self, operation: str, question: Resource, told: str) -> CodeResult:
        try:
            return membership_answer(self._asked(operation, question), told)
        except CareloomError as error:
            return CodeResult("unknown", f"{told}: the terminology server does not answer: {error}")

    def _asked(self, operation: str, question: Resource) -> Resource:
        """The server's answer, from the cache where it was given before."""
        body = serialize_json(question)
        key = b"\n".join((self.base_url.encode(), operation.encode(), body))
        kept = self._cache.get(key)
        if kept is not None:
            return _resource(kept)
        answer = self._sent(operation, body)
        resource = _resource(answer.body)
        is_kept_long = answer.status == 200 and _is_answer(resource)
        self._cache.put(key, answer.body, None if is_kept_long else DAY)
        return resource

    def _sent(self, operation: str, body: bytes) -> Answer:
        """Send; once more with a new token where the server refuses the one it got.

        Raises:
            UnavailableError: No answer, or one that says to come back later; the server is left alone then.
            LoginError: It does not let us in, or no token is to be had.
        """
        if self._clock() < self._resting_until:
            raise UnavailableError(f"{self.base_url}: did not answer a moment ago")
        try:
            answer = self._authorized(operation, body)
            if answer.status in _UNANSWERED or answer.status >= 500:
                raise UnavailableError(f"{self.base_url}/{operation}: answered {answer.status}")
        except (UnavailableError, LoginError) as error:
            with self._turn:
                self._resting_until = self._clock() + REST
            _log.warning("terminology server does not answer", server=self.base_url, error=str(error), rests=REST)
            raise
        return answer

    def _authorized(self, operation: str, body: bytes) -> Answer:
        url = f"{self.base_url}/{operation}"
        headers = {"Content-Type": _FHIR, "Accept": _FHIR, "User-Agent": "careloom"}
        if self._credentials is None:
            return _let_in(self._http.post(url, body, headers), url)
        token = self._credentials.token()
        answer = self._http.post(url, body, headers | {"Authorization": f"Bearer {token}"})
        if answer.status == 401:
            self._credentials.forget(token)
            renewed = {"Authorization": f"Bearer {self._credentials.token()}"}
            answer = self._http.post(url, body, headers | renewed)
        return _let_in(answer, url)


def _let_in(answer: Answer, url: str) -> Answer:
    if answer.status in (401, 403):
        raise LoginError(f"{url}: answered {answer.status}, the credentials are not accepted")
    if 300 <= answer.status < 400:
        raise UnavailableError(f"{url}: an answer expected, found a redirection, which is not followed")
    return answer


def _resource(body: bytes) -> Resource:
    found = parse_json(body)
    if not isinstance(found, dict):
        raise MalformedError("a resource expected in the answer, found something else")
    return found


def _is_answer(resource: Resource) -> bool:
    """Whether the server knew, so that asking again tomorrow would not say more."""
    if resource.get("resourceType") == "Parameters":
        return membership_answer(resource, "").result != "unknown"
    return expansion_answer(resource) is not None
