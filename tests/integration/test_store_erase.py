"""An erasure on disk: no trace of the texts is left in the database file or its log."""

import sqlite3
from itertools import islice
from pathlib import Path

import pytest
from tests.contract.stores import BASE_URL, create, observation, opened, patient

from careloom.definitions import Definitions
from careloom.model import serialize_json
from careloom.search import SearchParameters
from careloom.store import Turn
from careloom.store.bodies import trained
from careloom.store.sql.common import common_texts
from careloom.store.sql.slices import LARGE
from careloom.synth import population


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchParameters:
    return SearchParameters(definitions, base_url=BASE_URL)


async def test_no_byte_of_a_name_is_left_in_the_files(tmp_path: Path, registry: SearchParameters) -> None:
    others = list(islice(population(4), 400))

    def load(turn: Turn) -> None:
        for resource in others:
            turn.create(resource, id=resource["id"])

    async with opened("sqlite", tmp_path, registry) as repository:
        await repository.commit(load)
        family = [{"family": "Zyxwvutsson", "given": ["Quenby"]}]
        await create(repository, patient(id="1", name=family, address=[{"city": "Oldunique"}]))
        note = [{"text": "zyxwvutsson collapsed"}]
        await create(repository, observation(id="o", subject={"reference": "Patient/1"}, note=note))
        await repository.commit(lambda turn: turn.update(patient(id="1", name=family)))
        assert traces(tmp_path)
        await repository.erase("Patient", "1")
        assert traces(tmp_path) == []
    assert traces(tmp_path) == []
    connection = sqlite3.connect(tmp_path / "hub.db")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("SELECT resources, versions FROM erasure").fetchall() == [(2, 3)]
    connection.close()


async def test_no_place_in_the_change_log_is_left(tmp_path: Path, registry: SearchParameters) -> None:
    def load(turn: Turn) -> None:
        turn.create(patient(), id="1")
        turn.create(observation(subject={"reference": "Patient/1"}), id="o")
        turn.create(patient(), id="2")

    async with opened("sqlite", tmp_path, registry) as repository:
        await repository.commit(load, size=LARGE)  # what is written in slices has rows there
        assert places(tmp_path) == (3, 3)
        await repository.erase("Patient", "1")
        assert places(tmp_path) == (1, 1)


def places(folder: Path) -> tuple[int, int]:
    """How many rows the change log has, and how many versions there are."""
    connection = sqlite3.connect(folder / "hub.db")
    [found] = connection.execute("SELECT (SELECT count(*) FROM change_log), (SELECT count(*) FROM version)")
    connection.close()
    return found[0], found[1]


def traces(folder: Path) -> list[str]:
    """The texts of the erased patient that are still in a file of the database."""
    content = b"".join(path.read_bytes().lower() for path in folder.iterdir())
    return [text for text in ("zyxwvutsson", "quenby", "oldunique", "collapsed") if text.encode() in content]


def test_a_compression_dictionary_holds_no_text_of_one_patient_alone() -> None:
    """Whatever a dictionary holds outlives the bodies it was made from."""
    bodies = [serialize_json(each) for each in islice(population(6), 3_000) if each["resourceType"] == "Patient"]
    marked = [
        body.replace(b'"active":true', b'"active":true,"x":"%d alone has this"' % (n * 7919))
        for n, body in enumerate(bodies)
    ]
    content = trained(common_texts(list(enumerate(marked)) * 30))
    assert content is not None
    assert b"alone" not in content
    assert b"nhs-number" in content
