"""A source on each record there is, and messages with defaults, so that a test shows only what it is about."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.contract.stores import STORES, opened

from careloom.connectors.hl7v2 import Hl7v2Source, load_tables, parse
from careloom.connectors.intake import Intake
from careloom.definitions import Definitions
from careloom.governance import Agreement, AuditSource, Client, Organisation, Registry, parse_scopes
from careloom.search import SearchParameters, parse_query
from careloom.store import Repository
from careloom.store.ids import new_id
from careloom.validation import Validator

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)


def adt(event: str = "A01", *, control_id: str = "", at: str = "20261122101500", **segments: str) -> bytes:
    """An ADT; each segment may be given as the text after its name and separator."""
    patient = segments.get("pid", "1||A-1^^^ACUTE||Okafor^Ada||19870312|F")
    lines = [
        rf"MSH|^~\&|MERIDIAN|NORTH|HUB|REGION|{at}||ADT^{event}|{control_id or f'{event}-{at}'}|P|2.5.1",
        f"EVN||{at}",
        f"PID|{patient}",
    ]
    if "mrg" in segments:
        lines.append(f"MRG|{segments['mrg']}")
    if event not in ("A28", "A31", "A40"):
        lines.append(f"PV1|{segments.get('pv1', stay())}")
    return "\r".join([*lines, ""]).encode()


def stay(*, ward: str = "W5^R2^B1^NORTH", kind: str = "I", number: str = "V-1^^^ACUTE") -> str:
    """PV1 from its first field on."""
    return f"1|{kind}|{ward}" + "|" * 16 + number


@dataclass(frozen=True, slots=True)
class Desk:
    """A source and the record behind it."""

    source: Hl7v2Source
    repository: Repository
    parameters: SearchParameters

    async def take(self, data: bytes) -> str:
        """The code of the answer, ``AA``."""
        return parse(await self.source.take(data)).first("MSA").value(1).text

    async def refusal(self, data: bytes) -> tuple[str, str]:
        """The code of the answer, and what it says is wrong."""
        answer = parse(await self.source.take(data))
        return answer.first("MSA").value(1).text, answer.first("ERR").value(8).text

    async def only(self, type: str) -> dict[str, Any]:
        """The one resource of a type."""
        (found,) = await self.every(type)
        return found

    async def every(self, type: str) -> list[dict[str, Any]]:
        """All resources of a type, oldest first."""
        page = await self.repository.search(parse_query(type, [("_count", "100")], self.parameters, strict=False))
        return [version.resource or {} for version in reversed(page.matches)]


def agreement() -> Agreement:
    """Under which the acute trust writes what messages tell of."""
    return Agreement(
        id="record",
        title="The shared record",
        parties=("acute",),
        interactions=frozenset({"create", "update"}),
        types=frozenset({"Patient", "Encounter", "Location"}),
        purposes=frozenset({"TREAT"}),
        start=datetime(2026, 1, 1, tzinfo=UTC),
        end=datetime(2027, 1, 1, tzinfo=UTC),
    )


@pytest.fixture(scope="session")
def parameters(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions)


@pytest.fixture(scope="session")
def check(definitions: Definitions) -> Callable[[Any], Any]:
    return Validator(definitions).validate


@pytest.fixture(params=STORES)
async def desk(
    request: pytest.FixtureRequest, tmp_path: Path, parameters: SearchParameters, check: Callable[[Any], Any]
) -> AsyncIterator[Desk]:
    if request.param == "postgres":
        request.getfixturevalue("postgres")
    registry = Registry(
        organisations=(Organisation("acute", "North Acute Trust"),),
        clients=(Client("meridian", "acute", scopes=parse_scopes("system/*.cruds")),),
        agreements=(agreement(),),
    )
    async with opened(request.param, tmp_path, parameters, lambda: NOW) as repository:
        intake = Intake(
            client="meridian",
            purpose="TREAT",
            repository=repository,
            registered=lambda: registry,
            audit_source=AuditSource("https://hub.example/fhir"),
            clock=lambda: NOW,
            new_id=new_id,
        )
        yield Desk(Hl7v2Source(intake, load_tables(), check), repository, parameters)
