"""The sections of channels: a mailbox, a broker, and subscriptions without a topic."""

from pathlib import Path

import pytest

from careloom.governance import jwks, new_key
from careloom.model.errors import InvalidError
from careloom.model.json import serialize_json
from careloom.settings import Settings, load_settings

LEAST = """
[hub]
base_url = "https://hub.example/fhir"

[[organisations]]
id = "gp"
name = "Practice"

[[clients]]
id = "gp-app"
organisation = "gp"
jwks = "gp.jwks.json"
scopes = ["system/Patient.rs"]
"""

MESH = """
[mesh]
url = "https://mesh.example/"
mailbox = "X26ABC1"
password_file = "mesh.password"
shared_key_file = "mesh.key"
workflow = "CARELOOM"

[mesh.mailboxes]
X26ABC2 = "gp-app"
"""

NATS = """
[nats]
servers = ["nats://broker.example:4222"]
stream = "CARELOOM"
user = "hub"
password_file = "nats.password"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gp.jwks.json").write_bytes(serialize_json(jwks([new_key("ES384", kid="k").public])))
    (tmp_path / "mesh.password").write_text("mailbox-password\n")
    (tmp_path / "mesh.key").write_text("environment-key\n")
    (tmp_path / "nats.password").write_text("broker-password\n")
    return tmp_path


def load(folder: Path, text: str) -> Settings:
    (folder / "careloom.toml").write_text(text)
    return load_settings(folder / "careloom.toml", {})


def test_without_the_sections_there_is_neither(folder: Path) -> None:
    settings = load(folder, LEAST)
    assert (None, None, False) == (settings.mesh, settings.nats, settings.notify.takes_classic)


def test_a_mailbox_is_read_with_its_secrets_from_files(folder: Path) -> None:
    mesh = load(folder, LEAST + MESH).mesh
    assert mesh is not None
    assert ("https://mesh.example", "mailbox-password", "environment-key") == (mesh.url, mesh.password, mesh.shared_key)
    assert ({"X26ABC2": "gp-app"}, 60.0, "TREAT") == (dict(mesh.mailboxes), mesh.poll, mesh.purpose)


def test_a_broker_is_read_with_its_secret_from_a_file(folder: Path) -> None:
    broker = load(folder, LEAST + NATS).nats
    assert broker is not None
    assert (("nats://broker.example:4222",), "careloom", "broker-password") == (
        broker.servers,
        broker.prefix,
        broker.password,
    )


def test_no_secret_is_in_what_is_printed_of_settings(folder: Path) -> None:
    told = repr(load(folder, LEAST + MESH + NATS))
    assert not [secret for secret in ("mailbox-password", "environment-key", "broker-password") if secret in told]


def test_subscriptions_without_a_topic_are_taken_where_that_is_said(folder: Path) -> None:
    assert load(folder, f"{LEAST}\n[notify]\nr4_subscriptions = true\n").notify.takes_classic


def test_signals_come_from_where_the_settings_say(folder: Path) -> None:
    assert "" == load(folder, LEAST).notify.signal_source
    told = load(folder, f'{LEAST}\n[notify]\nsignal_source = "example.north.hub"\n')
    assert "example.north.hub" == told.notify.signal_source
    with pytest.raises(
        InvalidError, match=r"notify\.signal_source: a URI reference expected, found the text 'two words'"
    ):
        load(folder, f'{LEAST}\n[notify]\nsignal_source = "two words"\n')


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"X26ABC1"', '"x26 abc1"', "mesh.mailbox: a mailbox id"),
        ("workflow =", 'takes = ["two words"]\nworkflow =', "mesh.takes: workflow ids expected in the list"),
        ('X26ABC2 = "gp-app"', 'X26ABC2 = "nobody"', "mesh.mailboxes.X26ABC2: the id of a client expected"),
        ('X26ABC2 = "gp-app"', 'x = "gp-app"', "mesh.mailboxes.x"),
        ("mesh.password", "no.such.file", "mesh.password_file"),
        ("workflow =", "work =", "mesh.workflow: expected, found nothing"),
        ("https://mesh.example/", "mesh.example", "mesh.url"),
        ("nats://broker.example:4222", "nats://user:secret@broker.example", "nats.servers"),
        ('stream = "CARELOOM"', 'stream = "a.b"', "nats.stream"),
        ("nats.password", "no.such.file", "nats.password_file"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(folder: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(InvalidError, match=told):
        load(folder, (LEAST + MESH + NATS).replace(old, new, 1))
