from pathlib import Path

import pytest

from careloom.model.errors import InvalidError
from careloom.store.source import StoreSource


def test_a_relative_file_is_relative_to_the_folder() -> None:
    source = StoreSource("sqlite:///var/hub.db", folder=Path("/srv/north"))
    assert (source.file, source.place) == (Path("/srv/north/var/hub.db"), "/srv/north/var/hub.db")


def test_a_fourth_slash_begins_an_absolute_path() -> None:
    assert StoreSource("sqlite:////data/my%20hub.db", folder=Path("/srv")).file == Path("/data/my hub.db")


@pytest.mark.parametrize("url", ["", "sqlite:///", "mysql://x/y", "hub.db"])
def test_an_address_of_no_database_of_ours_is_refused(url: str) -> None:
    with pytest.raises(InvalidError, match="postgresql"):
        StoreSource(url).check()


def test_a_source_shows_no_password() -> None:
    source = StoreSource("postgresql://hub:secret@db/record", password="hidden")
    assert "secret" not in repr(source) and "hidden" not in repr(source)
    assert source.place == "db/record"
