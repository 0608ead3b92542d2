import random
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from careloom.model.errors import InvalidError, MalformedError
from careloom.store.upkeep import archive
from careloom.store.upkeep.archive import ArchiveReader, ArchiveWriter
from careloom.store.upkeep.tables import TABLES
from careloom.store.upkeep.tally import Tally

NAME = next(table for table in TABLES if table.name == "name")
ROWS = [(1, number, f"text {number}\0") for number in range(2_500)]


def written() -> bytes:
    out = BytesIO()
    writer = ArchiveWriter(out, {"taken": "2026-11-22"})
    writer.write(NAME, ROWS)
    writer.complete()
    return out.getvalue()


def read(data: bytes) -> dict[str, list[Any]]:
    return {table.name: list(rows) for table, rows in ArchiveReader(BytesIO(data), Path("backup")).tables()}


def test_what_was_written_is_read() -> None:
    [(table, rows)] = read(written()).items()
    assert table == "name"
    assert [(tenant, id) for tenant, id, _ in rows] == [(tenant, id) for tenant, id, _ in ROWS]


@pytest.mark.parametrize("format", (2, 3))
def test_what_the_release_before_has_written_is_read(monkeypatch: pytest.MonkeyPatch, format: int) -> None:
    monkeypatch.setattr(archive, "FORMAT", format)
    assert len(read(written())["name"]) == len(ROWS)


@pytest.mark.parametrize("format", (1, 4))
def test_a_backup_of_another_format_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, format: int) -> None:
    monkeypatch.setattr(archive, "FORMAT", format)
    with pytest.raises(InvalidError, match=f"format 2 or 3 expected, found format {format}"):
        read(written())


def test_no_harm_goes_unnoticed() -> None:
    whole, chance = written(), random.Random(1)
    for _ in range(300):
        harmed = bytearray(whole)
        harmed[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        with pytest.raises((MalformedError, InvalidError)):
            read(bytes(harmed))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_an_archive_cut_off_is_noticed(share: float) -> None:
    whole = written()
    with pytest.raises(MalformedError, match="cut off"):
        read(whole[: int(len(whole) * share)])


def test_a_tally_does_not_depend_on_the_order_but_on_each_row() -> None:
    one, other, less = Tally(), Tally(), Tally()
    for row in ROWS:
        one.add(row)
    for row in reversed(ROWS):
        other.add(row)
    for row in ROWS[1:]:
        less.add(row)
    assert one == other != less
