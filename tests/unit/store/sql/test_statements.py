"""Every named statement has a comment, runs on the schema, and is used."""

import re
import sqlite3
from importlib.resources import files
from pathlib import Path

import pytest

from careloom.store.sql.statements import load_statements, read_statements

FILES = ("record.sql", "events.sql", "leases.sql")
SOURCES = Path(str(files("careloom.store")))


@pytest.mark.parametrize("file", FILES)
def test_every_statement_says_what_it_is_for(file: str) -> None:
    for statement in read_statements(file):
        assert len(statement.comment) > 10, statement.name
        assert statement.comment.endswith("."), statement.name


@pytest.mark.parametrize("file", FILES)
def test_every_statement_fits_the_schema(file: str, connection: sqlite3.Connection) -> None:
    for statement in read_statements(file):
        named = dict.fromkeys(re.findall(r":(\w+)", statement.sql), 1)
        values = named or (1,) * statement.sql.count("?")
        connection.execute(f"EXPLAIN {statement.sql}", values)


@pytest.mark.parametrize("file", FILES)
def test_names_are_unique(file: str) -> None:
    assert len(load_statements(file)) == len(read_statements(file))


@pytest.mark.parametrize("file", FILES)
def test_every_statement_is_used(file: str) -> None:
    code = "".join(path.read_text("utf-8") for path in SOURCES.rglob("*.py"))
    unused = [name for name in load_statements(file) if f'"{name}"' not in code]
    assert unused == []


def test_no_search_of_the_record_scans_a_whole_table(connection: sqlite3.Connection) -> None:
    may_scan = {"last_vid"}  # passes over the tenants, of which there are few, and what it finds for each
    lists = (
        "SCAN known",
        "SCAN asked",
        "SCAN lying",
        "SCAN CONSTANT ROW",
    )  # what a statement itself is given or has found
    for file in FILES:
        for statement in read_statements(file):
            named = dict.fromkeys(re.findall(r":(\w+)", statement.sql), 1)
            values = named or (1,) * statement.sql.count("?")
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement.sql}", values)]
            scans = [step for step in plan if step.startswith("SCAN") and step not in lists]
            assert not scans or statement.name in may_scan, (statement.name, plan)
