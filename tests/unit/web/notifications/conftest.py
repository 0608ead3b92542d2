"""The console before a hub that tells, asked without a network between."""

from dataclasses import dataclass

import pytest
from starlette.types import ASGIApp
from tests.unit.rest.conftest import desk, hub_key, parameters
from tests.unit.rest.desk import NOW
from tests.unit.rest.subscriptions.conftest import topics, ward
from tests.unit.rest.subscriptions.test_delivery import rules
from tests.unit.rest.subscriptions.ward import Ward
from tests.unit.web.browser import Page, ask

from careloom.governance import parse_scopes
from careloom.governance.tokens import make_access_token
from careloom.web import hub_site

__all__ = ["desk", "hub_key", "parameters", "topics", "ward"]


@dataclass
class Console:
    """The pages, and the ward whose subscriptions they show."""

    ward: Ward
    pages: ASGIApp

    def token(self, client: str = "acute-epr", purpose: str = "TREAT") -> str:
        """A token of a client."""
        hub = self.ward.desk.hub
        found = hub.registry.client(client)
        assert found
        scopes = parse_scopes("system/Subscription.ru system/Patient.r system/AuditEvent.s")
        return make_access_token(hub.authority, found, scopes=scopes, purpose=purpose, now=NOW)[0]

    async def get(self, path: str = "", token: str = "", **headers: str) -> Page:
        """Ask for a page, with a token that was signed in with."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["cookie"] = f"careloom-console={token}"
        return await ask(self.pages, f"/notifications{path}", headers={"host": "hub.example", **sent})


@pytest.fixture
def console(ward: Ward) -> Console:
    ward.desk = ward.desk.with_hub(registry=rules("read", "update"))

    async def fhir(scope: object, receive: object, send: object) -> None:
        raise AssertionError("not a page")

    return Console(ward, hub_site(fhir, lambda: ward.desk.hub, ward.desk.validator))  # type: ignore[arg-type]  # unused
