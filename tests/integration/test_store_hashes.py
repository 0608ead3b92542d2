"""Resources are found by hashes of their addresses: two that share one are never taken for each other."""

from pathlib import Path

import pytest
from tests.contract.stores import BASE_URL, create, opened, patient

from careloom.definitions import Definitions
from careloom.model.errors import ConflictError
from careloom.search import SearchParameters
from careloom.store.sql import turn as turns


async def test_a_resource_is_not_recorded_over_another_whose_id_has_the_same_hash(
    tmp_path: Path, definitions: Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "address_hash", lambda hash_of, address: 7)
    async with opened("sqlite", tmp_path, SearchParameters(definitions, base_url=BASE_URL)) as repository:
        await create(repository, patient(id="1", gender="male"))
        with pytest.raises(ConflictError, match="Patient/2: its hash is that of the id 1"):
            await repository.commit(lambda turn: turn.update(patient(id="2", gender="female")))
        assert [each.id for each in await repository.changes(0, 10)] == ["1"]
