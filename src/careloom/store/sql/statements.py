"""Named SQL: each ``.sql`` file holds statements under a name and a comment that says what they are for.

::

    -- name: head_read
    -- The current version of a resource, with its body.
    SELECT …;
"""

import re
from collections.abc import Mapping
from importlib.resources import files

from careloom.model.records import dataclass

_SECTION = re.compile(r"^-- name: (\w+)\n((?:--[^\n]*\n)+)(.+?);\s*(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with ``:named`` parameters."""

    name: str
    comment: str
    sql: str


def load_statements(file_name: str) -> Mapping[str, str]:
    """Name to SQL text of one file in ``store/sql``."""
    return {statement.name: statement.sql for statement in read_statements(file_name)}


def read_statements(file_name: str) -> tuple[Statement, ...]:
    """All statements of one file in ``store/sql``, in order."""
    text = (files("careloom.store") / "sql" / file_name).read_text("utf-8")
    found = tuple(_statement(*match.groups()) for match in _SECTION.finditer(text))
    named = text.count("-- name: ")
    if len(found) != named:
        raise ValueError(f"{file_name}: {named} names, {len(found)} of them with comment and statement")
    return found


def _statement(name: str, comment: str, sql: str) -> Statement:
    told = " ".join(line.removeprefix("--").strip() for line in comment.splitlines())
    return Statement(name, told, sql.strip())
