"""Which database holds the record, and how it is opened."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from careloom.model.errors import InvalidError, NotSupportedError, UnavailableError
from careloom.model.instants import Clock, utc_now
from careloom.model.records import dataclass, field
from careloom.search import SearchParameters
from careloom.store.ids import new_id
from careloom.store.port import Repository

if TYPE_CHECKING:
    from careloom.store.postgres import Server

SQLITE = "sqlite:///"
POSTGRES = ("postgresql://", "postgres://")
MEMORY = "memory:"


@dataclass(frozen=True, slots=True)
class StoreSource:
    """A database by its address.

    Attributes:
        url: ``sqlite:///PATH`` (a fourth slash begins an absolute path), ``postgresql://USER@HOST:PORT/DATABASE``, or
            ``memory:``, which forgets. It may hold a password, so it is told to nobody; `place` is for people.
        password: Goes before one in the address; empty for none.
        readers: Connections that read, at most (PostgreSQL).
        statement_timeout: Seconds that one statement may take (PostgreSQL).
        lock_timeout: Seconds to wait for the turns of others (PostgreSQL).
        standstill_timeout: Seconds that a turn may stand still while another process waits (PostgreSQL).
        folder: What a relative path of SQLite is relative to.
    """

    url: str = field(repr=False)
    password: str = field(default="", repr=False)
    readers: int = 8
    statement_timeout: float = 30.0
    lock_timeout: float = 30.0
    standstill_timeout: float = 10.0
    folder: Path = Path()

    @property
    def is_sqlite(self) -> bool:
        """Whether it is one file."""
        return self.url.startswith(SQLITE)

    @property
    def is_postgres(self) -> bool:
        """Whether it is on a PostgreSQL server."""
        return self.url.startswith(POSTGRES)

    @property
    def file(self) -> Path:
        """The file of an SQLite database."""
        return (self.folder / unquote(self.url.removeprefix(SQLITE))).absolute()

    @property
    def place(self) -> str:
        """Where it is, for people: without password."""
        if self.is_sqlite:
            return str(self.file)
        return self.server().place if self.is_postgres else self.url

    def server(self) -> "Server":
        """Where a PostgreSQL database is.

        Raises:
            InvalidError: The address cannot be read.
            NotSupportedError: psycopg is not installed.
        """
        try:
            from careloom.store.postgres import server_of  # noqa: PLC0415  a hub on SQLite need not load it
        except ImportError as error:
            raise NotSupportedError("store.url: psycopg expected for PostgreSQL, found none installed") from error
        return server_of(
            self.url,
            password=self.password,
            readers=self.readers,
            statement_seconds=self.statement_timeout,
            lock_seconds=self.lock_timeout,
            still_seconds=self.standstill_timeout,
        )

    def check(self) -> None:
        """See that the address is one of ours.

        Raises:
            InvalidError: It is not; the message does not repeat it.
        """
        if self.is_postgres:
            self.server()
        elif self.url != MEMORY and (not self.is_sqlite or self.url == SQLITE):
            raise InvalidError("sqlite:///PATH or postgresql://USER@HOST:PORT/DATABASE expected, found something else")

    def make_folder(self) -> None:
        """Make the folder of an SQLite database where it is missing.

        Raises:
            UnavailableError: It cannot be made.
        """
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnavailableError(f"{self.file.parent}: cannot be made: {error.strerror}") from error

    async def open(
        self,
        *,
        tenant: str,
        parameters: SearchParameters,
        clock: Clock = utc_now,
        new_id: Callable[[], str] = new_id,
    ) -> Repository:
        """Open the record of a tenant; a database that is new or of an older release is brought up to date.

        Raises:
            UnavailableError: It cannot be reached or opened, or another hub has the file.
            InvalidError: It is another program's, or of a newer release.
        """
        self.check()
        if self.is_postgres:
            from careloom.store.postgres import open_postgres  # noqa: PLC0415  a hub on SQLite need not load it

            return await open_postgres(self.server(), tenant=tenant, parameters=parameters, clock=clock, new_id=new_id)
        if self.url == MEMORY:
            from careloom.store.memory import MemoryRepository  # noqa: PLC0415  as above

            return MemoryRepository(tenant=tenant, parameters=parameters, clock=clock, new_id=new_id)
        from careloom.store.sqlite import open_sqlite  # noqa: PLC0415  a hub on PostgreSQL need not load it

        self.make_folder()
        return await open_sqlite(self.file, tenant=tenant, parameters=parameters, clock=clock, new_id=new_id)
