"""``careloom db``: look after the database of a hub."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from careloom.cli.errors import errors_told
from careloom.model.errors import ConflictError, InvalidError, NotSupportedError
from careloom.model.instants import utc_now
from careloom.model.records import replace
from careloom.settings import Settings, load_settings

if TYPE_CHECKING:
    from careloom.search import SearchParameters
    from careloom.store.source import StoreSource

NOT_SOUND = 1

app = App(name="db", help="Look after the database of a hub: status, upgrade, backup, restore, check, move.")

SettingsFile = Annotated[Path, Parameter(name="settings", help="The settings file of the hub.")]
USUAL = Path("careloom.toml")


@app.command
def status(*, settings: SettingsFile = USUAL) -> int:
    """Tell what the database is and how much is in it. Exit code 1: its schema is of an older release."""
    from careloom.store.upkeep import status as look  # noqa: PLC0415  each command loads what it needs

    with errors_told("db status"):
        found = look(_settings(settings).store)
        print(f"{found.place}: {found.engine}, {found.size:,} bytes")
        print(f"schema steps taken: {', '.join(map(str, found.taken)) or 'none'}")
        for tenant in found.tenants:
            counts = f"{tenant.resources:,} resources, {tenant.versions:,} versions, {tenant.changes:,} changes"
            print(f"tenant {tenant.name}: {counts}")
        for step in found.missing:
            print(f"missing: step {step.number} ({step.name}); `careloom db upgrade` takes it")
        return NOT_SOUND if found.missing else 0


@app.command
def upgrade(*, settings: SettingsFile = USUAL) -> int:
    """Bring the schema up to date. A hub does so when it starts; this does it beforehand, or with other rights."""
    from careloom.store.upkeep import alone  # noqa: PLC0415  each command loads what it needs
    from careloom.store.upkeep import upgrade as take  # noqa: PLC0415

    with errors_told("db upgrade"):
        chosen = _settings(settings)
        with alone(chosen.store):
            taken = take(chosen.store, _parameters(chosen))
        for step in taken:
            print(f"step {step.number} ({step.name}) taken")
        print(f"{chosen.store.place}: the schema is up to date")
        return 0


@app.command
def backup(file: Path, *, settings: SettingsFile = USUAL) -> int:
    """Write everything into one file, as of one moment; hubs go on.

    Args:
        file: To be written; only its owner may read it, and it takes the name when it is complete.
        settings: The settings file of the hub.
    """
    from careloom.store.upkeep import back_up, snapshot  # noqa: PLC0415  each command loads what it needs

    with errors_told("db backup"), snapshot(_settings(settings).store) as source:
        done = back_up(source, file, utc_now)
        print(f"{file}: {done['version'].rows:,} versions, {sum(each.rows for each in done.values()):,} rows in all")
        return 0


@app.command
def restore(file: Path, *, settings: SettingsFile = USUAL) -> int:
    """Fill the database of the settings, which must be empty, from a backup of either kind of database.

    It is all there in the end, or nothing is.

    Args:
        file: Written by careloom db backup.
        settings: The settings file of the hub.
    """
    from careloom.store.upkeep import alone, vacant  # noqa: PLC0415  each command loads what it needs
    from careloom.store.upkeep import restore as fill  # noqa: PLC0415

    with errors_told("db restore"):
        chosen = _settings(settings)
        parameters = _parameters(chosen)
        with alone(chosen.store, is_new=True), vacant(chosen.store, parameters) as target:
            done = fill(file, target, parameters)
        print(f"{chosen.store.place}: {done['version'].rows:,} versions restored; counts and digests agree")
        return 0


@app.command
def check(*, settings: SettingsFile = USUAL) -> int:
    """See whether everything in the database fits together, and whether the search index is that of the contents.

    It names contents that are another tenant's. Hubs go on. Exit code 1: something is not as it should be, and is told.
    """
    from careloom.store.upkeep import check as look  # noqa: PLC0415  each command loads what it needs
    from careloom.store.upkeep import snapshot  # noqa: PLC0415

    with errors_told("db check"):
        chosen = _settings(settings)
        with snapshot(chosen.store) as source:
            report = look(source, _parameters(chosen), lambda what: print(f"checking {what}", file=sys.stderr))
        for finding in report.findings:
            print(f"{finding.kind}: {finding.where}")
        for kind, number in report.counts.items():
            print(f"{number:,} x {kind}")
        print(f"{chosen.store.place}: {report.versions:,} versions looked at, {report.counts.total():,} findings")
        return 0 if report.is_sound else NOT_SOUND


@app.command
def move(*, to: str, password_file: Path | None = None, settings: SettingsFile = USUAL) -> int:
    """Carry everything into another database, which must be empty: from SQLite to PostgreSQL, or back.

    The hub must be stopped. The old database stays as it is; everything is in the new one in the end, or nothing is,
    and what arrived is read again: the number of rows and a digest of each table must agree.

    Args:
        to: The new database, postgresql://USER@HOST:PORT/DATABASE or sqlite:///PATH.
        password_file: File that holds the password for it.
        settings: The settings file of the hub, whose database is carried.
    """
    from careloom.store.upkeep import alone, require_stopped, snapshot, vacant  # noqa: PLC0415  each loads what it needs
    from careloom.store.upkeep import move as carry  # noqa: PLC0415

    with errors_told("db move"):
        chosen = _settings(settings)
        target = _other(chosen.store, to, password_file)
        require_stopped(chosen.store)
        parameters = _parameters(chosen)
        with (
            alone(chosen.store),
            snapshot(chosen.store) as old,
            alone(target, is_new=True),
            vacant(target, parameters) as new,
        ):
            done = carry(old, new, parameters, lambda table, tally: print(f"{table}: {tally}"))
        print(f"{done['version'].rows:,} versions are now in {target.place} as well; counts and digests agree")
        print("set store.url in the settings to it, then start the hub")
        return 0


@app.command
def reindex(*, settings: SettingsFile = USUAL) -> int:
    """Make the whole search index again from the contents. SQLite: stop the hub first; PostgreSQL: writes wait."""
    from careloom.store.upkeep import alone, opened  # noqa: PLC0415  each command loads what it needs
    from careloom.store.upkeep import reindex as again  # noqa: PLC0415

    with errors_told("db reindex"):
        chosen = _settings(settings)
        parameters = _parameters(chosen)
        with alone(chosen.store), opened(chosen.store) as database:
            done = again(database, parameters, lambda number: print(f"{number:,} versions", file=sys.stderr))
        print(f"{chosen.store.place}: {done:,} versions indexed")
        return 0


@app.command
def distribute(*, settings: SettingsFile = USUAL) -> int:
    """Spread the tables over the nodes of a Citus cluster, each tenant's rows together on one of them."""
    with errors_told("db distribute"):
        source = _settings(settings).store
        if not source.is_postgres:
            raise NotSupportedError(f"{source.place}: only a PostgreSQL database with Citus can be distributed")
        from careloom.store.postgres.distribution import distribute as spread  # noqa: PLC0415  only with psycopg

        for table, how in spread(source.server()):
            print(f"{table}: {how}")
        return 0


def _settings(file: Path) -> Settings:
    return load_settings(file)


def _parameters(settings: Settings) -> "SearchParameters":
    """What the hub finds resources by; reading the definitions takes seconds."""
    from careloom.app import load_engines  # noqa: PLC0415

    return load_engines(settings, settings.hub.base_url).parameters


def _other(source: "StoreSource", url: str, password_file: Path | None) -> "StoreSource":
    target = replace(source, url=url, password="", folder=Path.cwd())
    if password_file:
        try:
            target = replace(target, password=password_file.read_text("utf-8").strip())
        except OSError as error:
            raise InvalidError(f"{password_file}: cannot be read: {error.strerror}") from error
    target.check()
    if source.is_sqlite and target.is_sqlite and source.file.resolve() == target.file.resolve():
        raise ConflictError(f"--to: another database than {source.place} expected, found that one")
    return target
