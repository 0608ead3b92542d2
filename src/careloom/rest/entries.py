"""The entries of a batch or transaction, read into requests, and their answers put back into a Bundle."""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from careloom.model.errors import CareloomError, MalformedError, NotSupportedError, TooCostlyError
from careloom.model.instants import instant
from careloom.model.issues import Issue
from careloom.model.json import serialize_json
from careloom.model.records import dataclass, replace
from careloom.model.resource import Resource, resource_type
from careloom.rest.body import read_json, read_parameters
from careloom.rest.errors import BodyTooLargeError, UnsupportedMediaError
from careloom.rest.hub import Hub
from careloom.rest.interaction import Interaction
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.negotiation import JSON_PATCH
from careloom.store import Version

Answer = tuple[Resource, tuple[Version, ...]]
"""The entry that answers one, and the versions that it tells of."""

_HEADERS = {"ifNoneMatch": "if-none-match", "ifMatch": "if-match", "ifNoneExist": "if-none-exist"}

Common = Mapping[str, Any]
"""Fields of a request, by name."""

_ALWAYS = 2
"""Elements that every request of an entry has: method and url."""

_ERRORS = 400
"""Statuses from here on are errors."""

_IN_RESOURCE = re.compile(r"[A-Z][A-Za-z]*((?:[.\[].*)?)", re.DOTALL)
"""A FHIRPath that starts at a resource type; anything else is about the entry itself."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry that asks for something.

    Attributes:
        number: Its place in the bundle, from 0.
        full_url: What other entries call its resource; empty where it has no name.
        interaction: What it asks for.
        request: The same request a client could have sent by itself.
        searches: The references by search that its resource holds.
    """

    number: int
    full_url: str
    interaction: Interaction
    request: FhirRequest
    searches: tuple[str, ...] = ()


@dataclass(slots=True)
class Allowance:
    """What the answers to one bundle may still hold: a short bundle can ask for more than memory has.

    Attributes:
        left: In bytes.
    """

    left: int

    def require(self) -> None:
        """Refuse what comes after all is spent.

        Raises:
            TooCostlyError: The answers before this one have taken it all.
        """
        if self.left <= 0:
            raise TooCostlyError("the answers to this bundle are at the ceiling; ask for the rest in another one")

    def spend(self, response: FhirResponse) -> FhirResponse:
        """The response, whose body is taken off."""
        if body := response.resource or response.json:
            self.left -= len(serialize_json(body))
        return response


def elements(bundle: Resource, hub: Hub) -> list[Any]:
    """``Bundle.entry``, within the hub's ceiling.

    Raises:
        MalformedError: It is not a list.
        BodyTooLargeError: There are more entries than the hub takes.
    """
    found = bundle.get("entry", [])
    if not isinstance(found, list):
        raise MalformedError("Bundle.entry: a list expected", expression="Bundle.entry")
    if len(found) > hub.limits.entries:
        raise BodyTooLargeError(f"Bundle.entry: at most {hub.limits.entries} entries are taken, found {len(found)}")
    return found


def for_entries(outer: FhirRequest) -> Common:
    """What the requests of all entries have in common with the one that brought their bundle, and nothing else."""
    return {
        "headers": {"prefer": outer.header("prefer") or "return=minimal"},
        "size": outer.size,
        "grant": outer.grant,
        "request_id": outer.request_id,
        "address": outer.address,
        "deadline": outer.deadline,
    }


def read_entry(number: int, element: Any, common: Common, hub: Hub) -> Entry:
    """Read one entry.

    Args:
        number: Its place in the bundle.
        element: It, as it was sent.
        common: Of `for_entries`.
        hub: What it meets.

    Raises:
        MalformedError: Not an entry with method and url.
        NotFoundError: Nothing is offered at its url.
        NotSupportedError: What it asks for has no place in a bundle.
    """
    asked = element.get("request") if isinstance(element, dict) else None
    if not isinstance(asked, dict) or not isinstance(asked.get("method"), str) or not isinstance(asked.get("url"), str):
        raise MalformedError("request with method and url expected, as text")
    path, _, query = _below_base(asked["url"], hub.base_url).partition("?")
    route = hub.routes.find(asked["method"], unquote(path))
    if route.interaction.code == "transaction":
        raise NotSupportedError(
            "a request about a resource expected, found a bundle within a bundle: send it by itself"
        )
    if route.interaction.is_open or route.interaction.path.startswith("_jobs/"):
        raise NotSupportedError(f"{asked['method']} {asked['url']} has no place in a bundle")
    said = {**common, **route.told, **_content(_resource(element), route.interaction, hub)}
    if query:
        said["parameters"] = read_parameters(query, hub.limits)
    if len(asked) > _ALWAYS and (conditions := _conditions(asked)):
        said["headers"] = {**common["headers"], **conditions}
    request = FhirRequest(method=asked["method"], url=f"{path}?{query}" if query else path, **said)
    full_url = element.get("fullUrl", "")
    return Entry(number, full_url if isinstance(full_url, str) else "", route.interaction, request)


class telling:  # noqa: N801  (read as a word in ``with telling(number)``; a generator would cost ten times as much)
    """Has an error that is raised inside name the entry it is about.

    Args:
        number: Of the entry.
    """

    __slots__ = ("_number",)

    def __init__(self, number: int) -> None:
        self._number = number

    def __enter__(self) -> None:
        """Nothing is to be done yet."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Name the entry."""
        if isinstance(error, CareloomError):
            error.issues = tuple(at_entry(issue, self._number) for issue in error.issues)


def at_entry(issue: Issue, number: int) -> Issue:
    """An issue about a resource, told as an issue about the bundle that has it in an entry."""
    place = _IN_RESOURCE.fullmatch(issue.expression)
    where = f"Bundle.entry[{number}]"
    return replace(issue, expression=f"{where}.resource{place[1]}" if place else where)


def answer_bundle(type: str, responses: Iterable[FhirResponse]) -> FhirResponse:
    """The answers in the order of the entries, as a Bundle of type ``batch-response`` or ``transaction-response``."""
    return bundle_of(type, map(answered, responses))


def bundle_of(type: str, answers: Iterable[Answer]) -> FhirResponse:
    """The same of answers that are entries already."""
    entries: list[Resource] = []
    versions: list[Version] = []
    for element, told in answers:
        entries.append(element)
        versions += told
    bundle: Resource = {"resourceType": "Bundle", "type": type}
    return FhirResponse(200, {**bundle, "entry": entries} if entries else bundle, versions=tuple(versions))


def as_asked(request: FhirRequest, response: FhirResponse) -> FhirResponse:
    """The response to an entry; one to ``HEAD`` is told without what was found."""
    return replace(response, resource=None) if request.method == "HEAD" and response.status < _ERRORS else response


def answered(response: FhirResponse) -> Answer:
    """A response as the answer to its entry."""
    return answer_element(response), response.versions


def answer_element(response: FhirResponse) -> Resource:
    """One answer as a Bundle entry; an OperationOutcome goes where entries keep theirs, other JSON into a Binary."""
    told: Resource = {"status": f"{response.status} {HTTPStatus(response.status).phrase}"}
    if "Location" in response.headers:
        told["location"] = response.headers["Location"]
    if "ETag" in response.headers and len(response.versions) == 1:
        told |= {"etag": response.headers["ETag"], "lastModified": instant(response.versions[0].last_updated)}
    resource = response.resource or _binary(response)
    if resource and resource.get("resourceType") == "OperationOutcome":
        return {"response": {**told, "outcome": resource}}
    return {"resource": resource, "response": told} if resource else {"response": told}


def _binary(response: FhirResponse) -> Resource | None:
    """An answer that is JSON but no resource, as a resource; None where the answer is none."""
    if response.json is None:
        return None
    data = b64encode(serialize_json(response.json)).decode("ascii")
    return {"resourceType": "Binary", "contentType": "application/json", "data": data}


def _conditions(asked: dict[str, Any]) -> dict[str, str]:
    """The headers that an entry has of its own."""
    headers = {name: asked[key] for key, name in _HEADERS.items() if isinstance(asked.get(key), str)}
    if isinstance(since := asked.get("ifModifiedSince"), str):
        headers["if-modified-since"] = _http_date(since)
    return headers


def _http_date(text: str) -> str:
    try:
        return format_datetime(datetime.fromisoformat(text).astimezone(UTC), usegmt=True)
    except (ValueError, OverflowError) as error:
        raise MalformedError(f"request.ifModifiedSince: an instant expected, found {text[:40]!r}") from error


def _resource(element: dict[str, Any]) -> Resource | None:
    resource = element.get("resource")
    if resource is None or isinstance(resource, dict):
        return resource
    raise MalformedError("resource: an object expected")


def _content(resource: Resource | None, interaction: Interaction, hub: Hub) -> dict[str, Any]:
    """What the entry carries, by the fields of a request; a JSON Patch comes in a Binary.

    Source: FHIR R4, 3.1.0.6.3 patch in batch and transaction.
    """
    if interaction.body not in ("resource", "optional", "patch"):
        return {}
    if interaction.body == "patch" and resource and resource_type(resource) == "Binary":
        return {"patch": _binary_patch(resource, hub)}
    return {"body": resource}


def _binary_patch(binary: Resource, hub: Hub) -> Any:
    media = str(binary.get("contentType", "")).partition(";")[0].strip().lower()
    if media != JSON_PATCH:
        raise UnsupportedMediaError(f"Binary.contentType: {JSON_PATCH} expected, found {media[:80]!r}")
    try:
        data = b64decode(str(binary.get("data", "")), validate=True)
    except ValueError as error:
        raise MalformedError("Binary.data: base64 expected") from error
    return read_json(data, hub.limits)


def _below_base(url: str, base_url: str) -> str:
    return url.removeprefix(base_url).lstrip("/")
