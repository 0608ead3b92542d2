"""On PostgreSQL a shared commit takes a few statements, however many units share it."""

from typing import Any

import pytest
from tests.contract.stores import BASE_URL, create, identified, let_groups_last, one_group

from careloom.definitions import Definitions
from careloom.search import SearchParameters
from careloom.store import Turn, Version
from careloom.store.ids import new_id
from careloom.store.postgres import open_postgres, server_of
from careloom.store.postgres.connection import Connection


async def test_a_unit_that_creates_has_no_statements_of_its_own(
    postgres_url: str, definitions: Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = SearchParameters(definitions, base_url=BASE_URL)
    repository = await open_postgres(server_of(postgres_url), tenant="north", parameters=registry)
    await create(repository, identified("1"))  # which gives its texts their numbers
    let_groups_last(monkeypatch)
    sent = _listened_to(monkeypatch)
    numbers: list[int] = []
    for units in (2, 40):
        sent.clear()
        async with one_group(repository) as commit:
            for _ in range(units):
                commit(_create)
        assert sent.count("COMMIT") == 1
        numbers.append(len(sent))
    assert numbers[0] == numbers[1]
    await repository.close()


def _create(turn: Turn) -> Version:
    id = new_id()
    turn.expect((), new=[("Patient", id)])
    return turn.create(identified("1"), id=id)


def _listened_to(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Has each statement that a connection is given added to a list."""
    sent: list[str] = []
    for name in ("execute", "later"):
        plain = getattr(Connection, name)

        def listening(self: Connection, sql: str, *values: Any, plain: Any = plain) -> Any:
            sent.append(sql)
            return plain(self, sql, *values)

        monkeypatch.setattr(Connection, name, listening)
    return sent
