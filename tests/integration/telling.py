"""A hub that tells, somebody who is told and may refuse, and clients that ask it, all without an event loop.

For tests that have one of their own already (a browser's), or run commands.
"""

import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.integration.hub import SETTINGS, HubProcess, Locality, running_hub
from tests.patience import PATIENCE

from careloom.governance import jwks, new_key, token_form
from careloom.notify.extensions import CONTENT, FILTER, MAX_COUNT, ON_POISON

DISCHARGE = "https://careloom.example/SubscriptionTopic/discharge"
IMP = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
OVERSEEN = """
[notify]
allow_endpoints = ["127.0.0.1"]
retry_base = 0.05
retry_ceiling = 30.0

[http]
metrics = ["127.0.0.1"]
grace = {grace}

[audit]
site = "North Locality"

[[organisations]]
id = "shared-care"
name = "North Shared Care Record"

[[clients]]
id = "operations"
organisation = "shared-care"
name = "Operations desk"
jwks = "operations.jwks.json"
scopes = ["system/Subscription.rus", "system/Patient.rs", "system/AuditEvent.s"]

[[agreements]]
id = "told"
title = "The surgery subscribes, and reads what it is told of"
parties = ["acute", "gp"]
interactions = ["create", "read", "update", "search"]
types = ["Subscription", "Encounter", "Patient"]
purposes = ["TREAT"]
start = 2026-01-01
end = 2099-01-01
grantees = ["gp"]

[[agreements]]
id = "oversight"
title = "Who runs the hub sees that telling works"
parties = ["shared-care"]
interactions = ["read", "update"]
types = ["Subscription", "Patient"]
purposes = ["HSYSADMIN"]
start = 2026-01-01
end = 2099-01-01

[[agreements]]
id = "disclosures"
title = "Who runs the hub sees who was told what"
parties = ["shared-care"]
interactions = ["search"]
types = ["AuditEvent"]
purposes = ["HSYSADMIN"]
start = 2026-01-01
end = 2099-01-01
"""
OPEN = """
[http.console]
networks = ["127.0.0.1"]
client = "operations"
"""


def settings(*more: str, grace: float = 10.0) -> str:
    """Settings of a hub whose telling is overseen, and which gives requests so many seconds at its end."""
    surgery = SETTINGS.replace('scopes = ["system/*.rs"]', 'scopes = ["system/*.cruds"]')
    both = surgery.replace('tenant = "north"', 'tenant = "north"\npurposes = ["TREAT", "HSYSADMIN"]')
    return "".join((both, OVERSEEN.format(grace=grace), *more))


@dataclass
class Surgery:
    """Somebody who is told; it refuses what it is told to refuse.

    Attributes:
        refused: Words of a notification that is answered with 422.
        is_down: Whether it answers 503 to everything.
        told: By path, the numbers of the events accepted.
    """

    port: int = 0
    refused: set[str] = field(default_factory=set)
    is_down: bool = False
    told: dict[str, list[int]] = field(default_factory=dict)

    def address(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def answer(self, path: str, body: bytes) -> int:
        if self.is_down:
            return 503
        if any(word.encode() in body for word in self.refused):
            return 422
        parameters = json.loads(body)["entry"][0]["resource"]["parameter"]
        parts = [part for one in parameters if one["name"] == "notification-event" for part in one["part"]]
        numbers = [int(part["valueString"]) for part in parts if part["name"] == "event-number"]
        self.told.setdefault(path, []).extend(numbers)
        return 204


@contextmanager
def surgery() -> Iterator[Surgery]:
    """A surgery that listens, on a thread of its own."""
    made = Surgery()

    class Hook(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(made.answer(self.path, body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.daemon_threads = True
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def overseen_hub(folder: Path, *more: str, grace: float = 10.0) -> Iterator[HubProcess]:
    """A hub that runs with a client that oversees."""
    locality = Locality.make(folder, settings(*more, grace=grace))
    key = locality.keys["operations"] = new_key("ES384", kid="operations")
    (folder / "operations.jwks.json").write_text(json.dumps(jwks([key.public])))
    with running_hub(locality) as hub:
        yield hub


TOKEN_SECONDS = 60
"""How long a token is used; it is good for longer, but not for as long as a slow machine may take for a file."""


@dataclass
class Client:
    """A client that has a token when it asks for something."""

    hub: HubProcess
    name: str
    purpose: str = "TREAT"
    _token: str = ""
    _good_until: float = 0.0

    @property
    def token(self) -> str:
        """One that is good."""
        if time.monotonic() > self._good_until:
            self._token, self._good_until = self._new_token(), time.monotonic() + TOKEN_SECONDS
        return self._token

    def _new_token(self) -> str:
        form = token_form(
            self.hub.locality.keys[self.name],
            client=self.name,
            token_url=self.hub.token_url,
            scope="system/*.cruds"
            if self.purpose == "TREAT"
            else "system/Subscription.rus system/Patient.rs system/AuditEvent.s",
            now=datetime.now(UTC),
            purpose=self.purpose,
        )
        data = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(self.hub.token_url, data) as answer:
            token: str = json.load(answer)["access_token"]
        return token

    def __call__(self, method: str, url: str, body: Any = None) -> Any:
        """What the hub answers, which must be a success."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/fhir+json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.hub.base_url}/{url}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error

    def subscribe(self, endpoint: str, *, patient: str = "", max_count: int = 1, poison: str = "dead-letter") -> str:
        """The id of a subscription to discharges, once it is active."""
        extensions = [{"url": ON_POISON, "valueCode": poison}, {"url": MAX_COUNT, "valuePositiveInt": max_count}]
        resource: dict[str, Any] = {
            "resourceType": "Subscription",
            "status": "requested",
            "reason": "letters for our patients",
            "criteria": DISCHARGE,
            "channel": {
                "extension": extensions,
                "type": "rest-hook",
                "endpoint": endpoint,
                "payload": "application/fhir+json",
                "_payload": {"extension": [{"url": CONTENT, "valueCode": "id-only"}]},
            },
        }
        if patient:
            filter = {"url": FILTER, "valueString": f"Encounter?patient={patient}"}
            resource["_criteria"] = {"extension": [filter]}
        id: str = self("POST", "Subscription", resource)["id"]
        until(lambda: self("GET", f"Subscription/{id}")["status"] == "active")
        return id

    def patient(self) -> str:
        """``Patient/id`` of a new patient."""
        return f"Patient/{self('POST', 'Patient', {'resourceType': 'Patient', 'name': [{'family': 'Ashe'}]})['id']}"

    def discharge(self, patient: str = "", id: str = "") -> str:
        """``Encounter/id`` of a stay that has ended."""
        stay: dict[str, Any] = {"resourceType": "Encounter", "status": "finished", "class": IMP}
        if patient:
            stay["subject"] = {"reference": patient}
        if id:
            return f"Encounter/{self('PUT', f'Encounter/{id}', stay | {'id': id})['id']}"
        return f"Encounter/{self('POST', 'Encounter', stay)['id']}"


def until(check: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait for something to be true."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
