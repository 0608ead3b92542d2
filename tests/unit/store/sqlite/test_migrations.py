from careloom.store.sqlite.migrations import migrations, statements_in


def test_migrations_are_numbered_from_one_without_gap() -> None:
    assert [step.number for step in migrations()] == list(range(1, len(migrations()) + 1))


def test_a_checksum_changes_with_the_script() -> None:
    first = migrations()[0]
    assert len(first.checksum) == 64
    assert first.checksum == migrations()[0].checksum


def test_a_script_is_taken_apart_at_its_statements() -> None:
    script = "-- a; comment\nCREATE TABLE a (x TEXT DEFAULT ';');\n\nCREATE TABLE b (\n  y INTEGER -- ends;\n);\n"
    assert [statement.strip().splitlines()[-1] for statement in statements_in(script)] == [
        "CREATE TABLE a (x TEXT DEFAULT ';');",
        ");",
    ]


def test_every_key_begins_with_the_tenant() -> None:
    without = {"migration", "tenant", "body", "matched", "pruned"}
    for step in migrations():
        for statement in statements_in(step.script):
            words = statement.split("CREATE TABLE ")
            name = words[1].split()[0] if len(words) == 2 else ""
            if name and name not in without:
                assert "PRIMARY KEY (tenant, " in statement, name
            if "CREATE INDEX" in statement and "CREATE TABLE" not in statement:
                assert " (tenant, " in statement, statement
