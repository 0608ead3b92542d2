"""The section ``[terminology]``: a store of large code systems, a terminology server, supplements.

``careloom validate`` reads this section alone, from the settings file of a hub or from one of its own.
"""

from pathlib import Path
from typing import Final

from careloom.settings.complaints import Complaints
from careloom.settings.files import read_toml
from careloom.settings.forms import CANONICAL, URL, URL_FORM
from careloom.settings.tables import Table
from careloom.terminology.sources import ServerSource, TerminologySources

_USUAL: Final = ServerSource("")


def load_terminology(path: Path) -> TerminologySources:
    """Read the section from a settings file, and pass over all others.

    Raises:
        UnavailableError: The file, or one that it names for the secret, cannot be read.
        MalformedError: It is not TOML; the message has line and column.
        InvalidError: A setting of the section is missing, unknown or wrong.
    """
    path = path.absolute()
    complaints = Complaints(path)
    found = read_terminology(Table(read_toml(path), "", complaints))
    complaints.raise_if_any()
    return found


def read_terminology(root: Table) -> TerminologySources:
    """The section of a settings file; what is wrong with it becomes a complaint."""
    with root.table("terminology") as terminology:
        return TerminologySources(
            store=terminology.path_if_any("store"),
            server=_server(terminology),
            supplements=terminology.texts("supplements", (), pattern=CANONICAL, form="canonical URLs of supplements"),
        )


def _server(terminology: Table) -> ServerSource | None:
    if "server" not in terminology:
        terminology.table("server")
        return None
    with terminology.table("server") as table:
        server = ServerSource(
            base_url=table.text("base_url", pattern=URL, form=URL_FORM),
            timeout=table.seconds("timeout", _USUAL.timeout),
            cache=table.path_if_any("cache"),
            token_url=table.text("token_url", "", pattern=URL, form=URL_FORM),
            client_id=table.text("client_id") if "token_url" in table else table.text("client_id", ""),
            client_secret=_secret(table),
            scope=table.text("scope", ""),
        )
        if server.base_url:
            table.attempt("token_url" if server.token_url else "base_url", server.check, None)
        return server


def _secret(table: Table) -> str:
    """The secret itself, from the file or from one beside it; never in a message."""
    beside = table.secret("client_secret_file")
    is_needed = "token_url" in table and "client_secret_file" not in table
    return beside or table.text("client_secret", None if is_needed else "")
