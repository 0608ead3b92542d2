"""A FHIR request and its response as values, free of any web toolkit.

A batch entry, a test and a network client all make the same `FhirRequest`,
so each interaction exists once.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from careloom.governance import Decision, Grant
from careloom.model.records import dataclass, field, replace
from careloom.model.resource import Resource
from careloom.rest.job import Task
from careloom.search import Query
from careloom.store import Prepared, Version

Parameters = tuple[tuple[str, str], ...]
"""Query parameters, decoded, in the order they were sent; a name may be repeated."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A resource as it would be after a patch, valid as it stands.

    Attributes:
        base: Version id of what it was made from.
        prepared: The whole of it, ready for the store.
    """

    base: str
    prepared: Prepared


@dataclass(frozen=True, slots=True)
class FhirRequest:
    """One interaction somebody asks for.

    Attributes:
        code: The interaction or operation, ``read``, ``search-type``, ``$validate``.
        method: HTTP method, upper case.
        url: Path and query below the base address, ``Patient/1``, as it was asked.
        type: Resource type in the address, or empty.
        id: Logical id in the address, or empty.
        version_id: Version in the address, or empty.
        compartment: ``Patient/1`` where the address is that of its compartment, or empty.
        file: Name of a file in the address, or empty.
        parameters: Of the query, and of the form for a search by POST.
        headers: By lower-case name.
        body: The resource sent, or None.
        patch: A JSON Patch (a list) or merge patch (an object) that was sent, or None.
        data: The body as it was sent and unpacked, where the interaction reads it by itself.
        size: Bytes of what was sent, unpacked; of an entry those of its bundle; 0 where that is not known.
        may_ask: Whether a question mark may stand in what was sent, as it does in references by search.
        prepared: The body, ready for the store under its id, where that is known before the turn.
        draft: What a patch makes of a version, once that was worked out.
        condition: What ``If-None-Exist`` or a conditional address asks for, once it has been parsed.
        grant: Who asks, once that is proven; None at open addresses.
        request_id: Names the request in logs, audit and answer.
        address: Network address of the client; empty when unknown.
        deadline: When it is given up, in seconds of the event loop's clock.
        takes_raw: Whether a Binary may be told as what it holds, in its own media type.
        is_alone: Whether it came by itself, so that its answer goes out as it is and into no bundle.
        task: The job that this request is worked on as; None where it is answered at once.
    """

    code: str
    method: str
    url: str
    type: str = ""
    id: str = ""
    version_id: str = ""
    compartment: str = ""
    file: str = ""
    parameters: Parameters = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Resource | None = None
    patch: Any = None
    data: bytes = b""
    size: int = 0
    may_ask: bool = True
    prepared: Prepared | None = None
    draft: Draft | None = None
    condition: Query | None = None
    grant: Grant | None = None
    request_id: str = ""
    address: str = ""
    deadline: float = math.inf
    takes_raw: bool = False
    is_alone: bool = False
    task: Task | None = None

    @property
    def is_batch(self) -> bool:
        """Whether it is several requests in one, each with its own commit."""
        return self.code == "transaction" and (self.body or {}).get("type") == "batch"

    def on_condition(self, condition: Query | None) -> "FhirRequest":
        """The same request with its condition parsed."""
        return replace(self, condition=condition)

    def header(self, name: str) -> str:
        """A header by lower-case name; empty where it was not sent."""
        return self.headers.get(name, "")

    def values(self, name: str) -> list[str]:
        """The values of a query parameter, in order."""
        return [value for key, value in self.parameters if key == name]


@dataclass(frozen=True, slots=True)
class FhirResponse:
    """What is told to the one who asked.

    Attributes:
        status: HTTP status.
        resource: The body, or None for an empty one.
        headers: As they go out, ``ETag``, ``Location``.
        versions: Versions of resources that were told or written, for the audit record.
        json: A body that is JSON but no resource, such as a token; it excludes ``resource``.
        decision: What let it pass, where that was decided part by part; for the audit record.
        data: The body as it goes out, where it is written already or no resource; its type is in ``headers``.
        file: A file that is the body; its type is in ``headers``.
    """

    status: int
    resource: Resource | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[Version, ...] = ()
    json: Mapping[str, object] | None = None
    decision: Decision | None = None
    data: bytes | None = None
    file: Path | None = None

    def with_headers(self, headers: Mapping[str, str]) -> "FhirResponse":
        """The same response with more headers."""
        told = {**self.headers, **headers}
        return FhirResponse(
            self.status, self.resource, told, self.versions, self.json, self.decision, self.data, self.file
        )
