"""What tests of interactions are built from: a desk to send requests to, rules, resources and bundles."""

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from careloom.governance import Agreement, Client, Grant, Organisation, Registry, parse_scopes
from careloom.model import serialize_json
from careloom.model.issues import Issue
from careloom.model.resource import Resource
from careloom.rest.hub import Hub, Resolve
from careloom.rest.messages import FhirRequest, FhirResponse
from careloom.rest.perform import perform
from careloom.search import parse_query

BASE = "http://hub.example/fhir"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EVERYTHING = parse_scopes("system/*.cruds")

GRANT = Grant(
    client="acute-epr",
    organisation="acute",
    scopes=EVERYTHING,
    purpose="TREAT",
    expires=NOW + timedelta(minutes=5),
    token_id="t-1",
    issued=NOW,
)


@dataclass
class StubValidator:
    """Finds in each resource what it was told to find, and remembers what it was asked."""

    issues: dict[str, list[Issue]] = field(default_factory=dict)
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    threads: set[threading.Thread] = field(default_factory=set)

    def validate(
        self, resource: Resource, *, profiles: Sequence[str] = (), resolve: Resolve | None = None
    ) -> Sequence[Issue]:
        self.threads.add(threading.current_thread())
        self.asked.append((resource["resourceType"], tuple(profiles)))
        return self.issues.get(resource["resourceType"], [])


@dataclass
class Desk:
    """Sends requests to a hub as the router would, and looks into its record."""

    hub: Hub
    validator: StubValidator

    async def __call__(
        self,
        method: str,
        url: str,
        body: Resource | None = None,
        *,
        grant: Grant = GRANT,
        patch: Any = None,
        data: bytes = b"",
        **headers: str,
    ) -> FhirResponse:
        path, _, query = url.partition("?")
        route = self.hub.routes.find(method, path)
        request = route.addressed(
            FhirRequest(
                code="",
                method=method,
                url=url,
                parameters=tuple(parse_qsl(query, keep_blank_values=True)),
                headers={name.replace("_", "-"): value for name, value in headers.items()},
                body=body,
                size=len(serialize_json(body)) if body else 0,
                patch=patch,
                data=data,
                grant=grant,
                request_id="r-1",
            )
        )
        return await perform(route.interaction, request, self.hub)

    async def audits(self) -> list[Resource]:
        """Every AuditEvent, newest first."""
        return await self.all("AuditEvent")

    async def all(self, type: str) -> list[Resource]:
        """Every resource of a type, newest first."""
        query = parse_query(type, [("_count", "1000")], self.hub.parameters)
        page = await self.hub.repository.search(query)
        return [version.resource for version in page.matches if version.resource]

    def with_hub(self, **changes: Any) -> "Desk":
        """The same desk before a hub that differs in some of its parts."""
        return Desk(replace(self.hub, **changes), self.validator)


def registry(**changes: Any) -> Registry:
    """One organisation with one client and one agreement that permits everything, unless changed."""
    agreement = Agreement(
        id="all",
        title="Everything",
        parties=("acute",),
        interactions=frozenset({"create", "read", "update", "delete", "search"}),
        types=frozenset({"*"}),
        purposes=frozenset({"TREAT"}),
        start=NOW - timedelta(days=1),
        end=NOW + timedelta(days=1),
    )
    return Registry(
        organisations=(Organisation("acute", "Acute Trust"),),
        clients=(Client("acute-epr", "acute", scopes=EVERYTHING),),
        agreements=(replace(agreement, **changes),),
    )


def patient(**changes: Any) -> Resource:
    return {"resourceType": "Patient", "name": [{"family": "Ashe"}], **changes}


def identified(value: str, **changes: Any) -> Resource:
    return patient(identifier=[{"system": "urn:x", "value": value}], **changes)


def transaction(*entries: Mapping[str, Any], type: str = "transaction") -> Resource:
    return {"resourceType": "Bundle", "type": type, "entry": [dict(entry) for entry in entries]}


def entry(method: str, url: str, resource: Resource | None = None, full_url: str = "", **asked: str) -> Resource:
    made: Resource = {"request": {"method": method, "url": url, **asked}}
    if resource:
        made["resource"] = resource
    if full_url:
        made["fullUrl"] = full_url
    return made


def counted_ids() -> Callable[[], str]:
    numbers: Iterator[int] = itertools.count(1)
    return lambda: f"id-{next(numbers)}"
