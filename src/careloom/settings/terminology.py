"""The section ``[terminology]``: a store of large code systems, a terminology server, supplements.

``careloom validate`` reads this section alone, from the settings file of a hub or from one of its own.
"""

import re
import tomllib
from pathlib import Path
from typing import Final

from careloom.model.errors import MalformedError, UnavailableError
from careloom.settings.tables import Complaints, Table
from careloom.terminology.sources import ServerSource, TerminologySources

_URL: Final = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")
_URL_FORM: Final = "an http or https address without query"
_CANONICAL: Final = re.compile(r"(https?://|urn:)\S+")
_USUAL: Final = ServerSource("")


def load_terminology(path: Path) -> TerminologySources:
    """Read the section from a settings file, and pass over all others.

    Raises:
        UnavailableError: The file, or one that it names for the secret, cannot be read.
        MalformedError: It is not TOML; the message has line and column.
        InvalidError: A setting of the section is missing, unknown or wrong.
    """
    path = path.absolute()
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UnavailableError(f"{path}: settings cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MalformedError(f"{path}: not TOML: {error}") from error
    complaints = Complaints(path)
    found = read_terminology(Table(values, "", complaints))
    complaints.raise_if_any()
    return found


def read_terminology(root: Table) -> TerminologySources:
    """The section of a settings file; what is wrong with it becomes a complaint."""
    with root.table("terminology") as terminology:
        return TerminologySources(
            store=_path(terminology, "store"),
            server=_server(terminology) if "server" in terminology else None,
            supplements=terminology.texts("supplements", (), pattern=_CANONICAL, form="canonical URLs of supplements"),
        )


def _server(terminology: Table) -> ServerSource:
    with terminology.table("server") as table:
        server = ServerSource(
            base_url=table.text("base_url", pattern=_URL, form=_URL_FORM),
            timeout=table.seconds("timeout", _USUAL.timeout),
            cache=_path(table, "cache"),
            token_url=table.text("token_url", "", pattern=_URL, form=_URL_FORM),
            client_id=table.text("client_id") if "token_url" in table else table.text("client_id", ""),
            client_secret=_secret(table),
            scope=table.text("scope", ""),
        )
        if server.base_url:
            table.attempt("token_url" if server.token_url else "base_url", server.check, None)
        return server


def _path(table: Table, key: str) -> Path | None:
    return table.path(key) if table.text(key, "") else None


def _secret(table: Table) -> str:
    """The secret itself, from the file or from one beside it; never in a message."""
    if "client_secret_file" in table:
        path = table.path("client_secret_file")
        return table.attempt("client_secret_file", lambda: _read(path), "")
    return table.text("client_secret") if "token_url" in table else table.text("client_secret", "")


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace").strip()
    except OSError as error:
        raise UnavailableError(f"{path} cannot be read: {error.strerror}") from error
