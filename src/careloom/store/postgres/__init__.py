"""The record on a PostgreSQL server, which many processes may share."""

from careloom.store.postgres.connection import Server, server_of
from careloom.store.postgres.repository import PostgresRepository, open_postgres

__all__ = ["PostgresRepository", "Server", "open_postgres", "server_of"]
