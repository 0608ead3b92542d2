"""Where terminology may come from besides the definitions, as plain values: a process that gets them can open them."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from careloom.definitions import Definitions
from careloom.model.records import dataclass, field
from careloom.terminology.terminology import Terminology

if TYPE_CHECKING:
    from careloom.terminology.remote import TerminologyServer
    from careloom.terminology.stored import CodeSystemStore

USUAL_STORE = "~/.careloom/terminology"
STORE_VARIABLE = "CARELOOM_TERMINOLOGY"
"""Environment variable that names another folder."""


def usual_store(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder where large code systems are kept unless somebody names another."""
    return Path(environ.get(STORE_VARIABLE) or USUAL_STORE).expanduser()


@dataclass(frozen=True, slots=True)
class ServerSource:
    """A terminology server, and how to be let in.

    Attributes:
        base_url: Its FHIR base.
        timeout: Seconds for a whole request.
        cache: SQLite file that keeps its answers; None keeps them as long as the process lives.
        token_url: Where it gives out tokens (OAuth 2.0 client credentials); empty for an open server.
        client_id: As registered there.
        client_secret: As registered there; never told.
        scope: What to ask for; nothing when empty.
    """

    base_url: str
    timeout: float = 5.0
    cache: Path | None = None
    token_url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    scope: str = ""

    def check(self) -> None:
        """Refuse addresses that are none, or that would get credentials in the clear.

        Raises:
            InvalidError: Names the address.
        """
        from careloom.terminology.remote.http import check_address  # noqa: PLC0415  (as below)

        check_address(self.base_url, with_credentials=bool(self.token_url))
        if self.token_url:
            check_address(self.token_url, with_credentials=True)

    def open(self) -> "TerminologyServer":
        """The server, not asked yet.

        Raises:
            InvalidError: An address is none, or http to another machine where credentials are sent.
        """
        from careloom.terminology.remote import (  # noqa: PLC0415  (only who has a server pays)
            AnswerCache,
            ClientCredentials,
            Http,
            TerminologyServer,
        )

        http = Http(self.timeout)
        credentials = None
        if self.token_url:
            credentials = ClientCredentials(self.token_url, self.client_id, self.client_secret, self.scope, http=http)
        return TerminologyServer(self.base_url, credentials=credentials, cache=AnswerCache(self.cache), http=http)


@dataclass(frozen=True, slots=True)
class TerminologySources:
    """What to answer from.

    Attributes:
        store: Folder of large code systems; None for the usual one, see `usual_store`.
        server: Asked when nothing here knows; None for no server.
        supplements: Canonicals of code system supplements that are always in use.
    """

    store: Path | None = None
    server: ServerSource | None = None
    supplements: tuple[str, ...] = ()

    def open(self, definitions: Definitions) -> Terminology:
        """The terminology of definitions, with these sources behind it.

        Raises:
            InvalidError: An address of the server is none.
            NotFoundError: A supplement is not in the definitions.
        """
        return Terminology(
            definitions,
            store=_store(self.store if self.store is not None else usual_store()),
            remote=self.server.open() if self.server else None,
            supplements=self.supplements,
        )


def _store(folder: Path) -> "CodeSystemStore | None":
    """The store, where there is such a folder."""
    if not folder.is_dir():
        return None
    from careloom.terminology.stored import CodeSystemStore  # noqa: PLC0415  (only who has a store pays)

    return CodeSystemStore(folder)


__all__ = ["STORE_VARIABLE", "USUAL_STORE", "ServerSource", "TerminologySources", "usual_store"]
