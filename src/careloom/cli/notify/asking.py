"""Where the commands get what they show: a hub that is asked with a token, or the record of one that does not run."""

import asyncio
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar

from cyclopts import Parameter

from careloom.governance import token_form
from careloom.governance.key_files import read_private_keys
from careloom.model.errors import (
    CareloomError,
    ForbiddenError,
    InvalidError,
    LoginError,
    MalformedError,
    NotFoundError,
    UnavailableError,
)
from careloom.model.instants import utc_now
from careloom.model.parameters import Part, parts_of
from careloom.model.records import dataclass
from careloom.notify.console import OVERSIGHT, Detail, Overview, from_parts

SECONDS = 30
SCOPE = "system/Subscription.rus system/Patient.r"

T = TypeVar("T")


@Parameter(name="*")
@dataclass(frozen=True)
class Access:
    """Which hub is asked, and with whose rights.

    Attributes:
        hub: Address of its FHIR base.
        token: Access token; got with client and key unless given.
        client: Id of a client of the hub.
        key: File with its private key.
        purpose: Purpose of use: HSYSADMIN to oversee all subscriptions, that of your own agreement to see your own.
    """

    hub: Annotated[str, Parameter(env_var="CARELOOM_HUB", show_default=False)] = ""
    token: Annotated[str, Parameter(env_var="CARELOOM_TOKEN", show_env_var=True, show_default=False)] = ""
    client: Annotated[str, Parameter(env_var="CARELOOM_CLIENT", show_default=False)] = ""
    key: Annotated[Path | None, Parameter(env_var="CARELOOM_KEY")] = None
    purpose: Annotated[str, Parameter(env_var="CARELOOM_PURPOSE")] = OVERSIGHT


class Source(Protocol):
    """What the commands that only show need."""

    def overview(self, query: Mapping[str, str]) -> Overview:
        """A page of subscriptions."""
        ...

    def detail(self, id: str) -> Detail:
        """One of them."""
        ...


class Hub:
    """A hub that runs, asked over HTTP.

    Every failure is raised as one of our errors: UnavailableError where it does not answer, LoginError, ForbiddenError,
    NotFoundError or InvalidError with what it said where it refuses.
    """

    def __init__(self, access: Access) -> None:
        if not access.hub:
            raise InvalidError("--hub: the address of a hub's FHIR base expected, such as https://hub.example/fhir")
        self._base = access.hub.rstrip("/")
        if urllib.parse.urlsplit(self._base).scheme not in ("http", "https"):
            raise InvalidError(f"--hub: an http or https address expected, found {access.hub!r}")
        self._access = access
        self._opener = urllib.request.build_opener(_StayHere)
        self._token = access.token

    def token(self) -> str:
        """An access token: the one given, or a new one for the client."""
        if not self._token:
            self._token = self._new_token()
        return self._token

    def overview(self, query: Mapping[str, str]) -> Overview:
        """A page of subscriptions."""
        told = f"?{urllib.parse.urlencode(query)}" if query else ""
        return from_parts(Overview, self._parts(f"Subscription/$delivery{told}"))

    def detail(self, id: str) -> Detail:
        """One of them."""
        return from_parts(Detail, self._parts(f"Subscription/{_segment(id)}/$delivery"))

    def replay(self, id: str, values: Mapping[str, str]) -> Mapping[str, str]:
        """Have events told once more.

        Returns:
            What the order is called (``replay``), and the range that it is about (``first``, ``last``).
        """
        kinds = {"endpoint": "valueUrl"}
        given = [{"name": name, kinds.get(name, "valueString"): value} for name, value in values.items() if value]
        body = {"resourceType": "Parameters", "parameter": given} if given else {"resourceType": "Parameters"}
        told = self._parts(f"Subscription/{_segment(id)}/$replay", json.dumps(body).encode())
        return {str(part["name"]): str(part.get("valueString", "")) for part in told}

    def _parts(self, path: str, body: bytes | None = None) -> list[Part]:
        headers = {"Authorization": f"Bearer {self.token()}", "Accept": "application/fhir+json"}
        if body is not None:
            headers["Content-Type"] = "application/fhir+json"
        answer = self._asked(urllib.request.Request(f"{self._base}/{path}", body, headers))
        return list(parts_of(answer.get("parameter")))

    def _new_token(self) -> str:
        access = self._access
        if not access.client or access.key is None:
            raise InvalidError("--token, or --client and --key expected, to show the hub who asks")
        [key, *_] = read_private_keys(access.key)
        published = self._asked(urllib.request.Request(f"{self._base}/.well-known/smart-configuration"))
        token_url = str(published["token_endpoint"])
        form = token_form(
            key, client=access.client, token_url=token_url, scope=SCOPE, now=utc_now(), purpose=access.purpose
        )
        answer = self._asked(urllib.request.Request(token_url, urllib.parse.urlencode(form).encode()))
        return str(answer["access_token"])

    def _asked(self, request: urllib.request.Request) -> dict[str, Any]:
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                found = json.load(answer)
        except urllib.error.HTTPError as error:
            raise _refusal(error) from error
        except OSError as error:
            reason = getattr(error, "reason", None) or error
            raise UnavailableError(f"{self._base}: the hub does not answer: {reason}") from error
        except ValueError as error:
            raise MalformedError(f"{request.full_url}: JSON expected from a FHIR base, found something else") from error
        if not isinstance(found, dict):
            raise MalformedError(f"{request.full_url}: a resource expected, found something else")
        return found


class Record:
    """The record of a hub, read where it is: of one that does not run, or of one on PostgreSQL."""

    def __init__(self, settings: Path) -> None:
        self._file = settings

    def overview(self, query: Mapping[str, str]) -> Overview:
        """A page of subscriptions."""
        from careloom.notify.console import View, overview  # noqa: PLC0415  with what only this needs

        states = [query["status"]] if "status" in query else []
        count, page = int(query.get("_count", "50")), query.get("page", "")

        async def look(view: View) -> Overview:
            return await overview(view, states=states, count=count, page=page)

        return self._looked(look)

    def detail(self, id: str) -> Detail:
        """One of them."""
        from careloom.notify.console import View, detail  # noqa: PLC0415  with what only this needs

        async def look(view: View) -> Detail:
            version = await view.repository.read("Subscription", id)
            if version is None or version.resource is None:
                raise NotFoundError(f"Subscription/{id} is not known")
            return await detail(version, view)

        return self._looked(look)

    def _looked(self, look: Callable[[Any], Awaitable[T]]) -> T:
        from careloom.app import load_engines  # noqa: PLC0415  a second that asking a hub need not spend
        from careloom.notify import TopicRegistry  # noqa: PLC0415
        from careloom.notify.console import View  # noqa: PLC0415
        from careloom.settings import load_settings  # noqa: PLC0415

        settings = load_settings(self._file)
        parameters = load_engines(settings, settings.hub.base_url).parameters

        async def looking() -> T:
            repository = await settings.store.open(tenant=settings.hub.tenant, parameters=parameters)
            try:
                topics = TopicRegistry(settings.topics, parameters, classic=settings.notify.takes_classic)
                return await look(View(repository, topics, settings.registry(), client="", oversees=True))
            finally:
                await repository.close()

        return asyncio.run(looking())


def source(access: Access, settings: Path | None) -> Source:
    """Where to look: in the record where a settings file is named, else at the hub."""
    return Record(settings) if settings else Hub(access)


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the token is for this hub alone."""

    def redirect_request(self, *_: Any) -> None:
        """Let the redirect be told as the failure that it is."""


def _refusal(error: urllib.error.HTTPError) -> CareloomError:
    kinds: Mapping[int, type[CareloomError]] = {
        401: LoginError,
        403: ForbiddenError,
        404: NotFoundError,
        410: NotFoundError,
        503: UnavailableError,
    }
    return kinds.get(error.code, InvalidError)(f"{_told(error)} (HTTP {error.code})")


def _told(error: urllib.error.HTTPError) -> str:
    """What the hub says: the issues of an OperationOutcome, or OAuth's description."""
    try:
        found = json.loads(error.read())
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return str(error.reason)
    issues = [issue.get("diagnostics") or issue.get("code", "") for issue in found.get("issue", ())]
    return "; ".join(filter(None, issues)) or str(found.get("error_description") or found.get("error") or error.reason)


def _segment(id: str) -> str:
    return urllib.parse.quote(id, safe="")
