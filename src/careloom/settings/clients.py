"""The sections ``[[clients]]``: systems of organisations, their keys, and the secrets that sign what they are told."""

from collections.abc import Mapping
from pathlib import Path

from careloom.governance import Client, PublicKey, parse_scopes, public_keys
from careloom.governance.scopes import NO_SCOPES
from careloom.model.errors import InvalidError, MalformedError
from careloom.model.json import parse_json
from careloom.model.records import dataclass, field
from careloom.notify.signature import check_keys
from careloom.settings.files import read_file
from careloom.settings.forms import ID, ID_FORM, read_purpose
from careloom.settings.tables import Table


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """The clients of one file.

    Attributes:
        clients: In the order of the file.
        webhook_secrets: By client id, the secret that notifications to it are signed with.
        files: Those that keys and secrets are read from.
    """

    clients: tuple[Client, ...]
    webhook_secrets: Mapping[str, str] = field(repr=False)
    files: tuple[Path, ...]


def read_clients(root: Table) -> ClientSettings:
    """The sections of a settings file; what is wrong with them becomes a complaint."""
    clients: list[Client] = []
    secrets: dict[str, str] = {}
    files: list[Path] = []
    for table in root.tables("clients"):
        with table:
            client = _client(table)
            secret = _webhook_secret(table)
            files += [table.path(key) for key in ("jwks", "webhook_secret_file") if key in table]
        clients.append(client)
        if secret:
            secrets[client.id] = secret
    return ClientSettings(tuple(clients), secrets, tuple(files))


def _client(table: Table) -> Client:
    scopes = " ".join(table.texts("scopes"))
    return Client(
        id=table.text("id", pattern=ID, form=ID_FORM),
        organisation=table.text("organisation"),
        keys=_keys(table),
        scopes=table.attempt("scopes", lambda: parse_scopes(scopes), NO_SCOPES),
        name=table.text("name", ""),
        purpose=read_purpose(table, default=""),
    )


def _keys(table: Table) -> tuple[PublicKey, ...]:
    if not table.text("jwks"):
        return ()
    path = table.path("jwks")
    return table.attempt("jwks", lambda: _read_jwks(path), ())


def _read_jwks(path: Path) -> tuple[PublicKey, ...]:
    data = read_file(path)
    try:
        return public_keys(parse_json(data))
    except (MalformedError, InvalidError) as error:
        raise InvalidError(f"{path}: {error}") from error


def _webhook_secret(table: Table) -> str:
    """The secret itself, or several keys, from the file or from one beside it; never in a message."""
    beside, within = table.secret("webhook_secret_file"), table.text("webhook_secret", "")
    key = "webhook_secret_file" if "webhook_secret_file" in table else "webhook_secret"
    secret = beside if "webhook_secret_file" in table else within
    if secret:
        table.attempt(key, lambda: check_keys(secret), None)
    return secret
