"""Sources of terminology: what is named is opened, and nothing else."""

import pickle
from pathlib import Path

import pytest
from tests.unit.terminology.building import CS, code_system, definitions

from careloom.model.errors import InvalidError, NotFoundError
from careloom.terminology.sources import ServerSource, TerminologySources, usual_store


def test_the_usual_store_is_that_of_the_user_unless_the_environment_names_another() -> None:
    assert Path("~/.careloom/terminology").expanduser() == usual_store({})
    assert Path("/srv/codes") == usual_store({"CARELOOM_TERMINOLOGY": "/srv/codes"})


def test_without_a_server_none_is_asked(tmp_path: Path) -> None:
    opened = TerminologySources(store=tmp_path / "nowhere").open(definitions(code_system()))
    assert opened.has_code(CS, "dog")
    assert opened.has_code("http://codes.test/other", "a") is None


def test_a_supplement_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"supplement\.test"):
        TerminologySources(store=tmp_path, supplements=("http://supplement.test/s",)).open(definitions())


@pytest.mark.parametrize(
    "server",
    [
        ServerSource("ftp://tx.test/fhir"),
        ServerSource("http://tx.test/fhir", token_url="https://tx.test/token", client_id="c", client_secret="s"),
        ServerSource("https://tx.test/fhir", token_url="http://tx.test/token", client_id="c", client_secret="s"),
    ],
)
def test_an_address_that_would_get_credentials_in_the_clear_is_refused(server: ServerSource) -> None:
    with pytest.raises(InvalidError, match="expected"):
        server.check()


def test_the_secret_is_not_told() -> None:
    server = ServerSource("https://tx.test/fhir", token_url="https://tx.test/t", client_id="c", client_secret="hidden")
    assert "hidden" not in repr(TerminologySources(server=server))


def test_sources_can_be_sent_to_another_process() -> None:
    sources = TerminologySources(Path("s"), ServerSource("https://tx.test/fhir", cache=Path("c.db")), ("http://x",))
    assert sources == pickle.loads(pickle.dumps(sources))
