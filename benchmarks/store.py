"""What the store does in a CPU second, as ratios to bare sqlite3 on the same disk in the same run.

    python -m benchmarks.store [--store sqlite] [--resources 100000] [--clients 64] [--large 20000]

Records are those of ``careloom synth``. A CPU second is one of the whole process, all threads together, so that the
figures bear other work on the machine; the ratios are what can be compared between machines. ``--resources 1000000``
shows what ten times the data does. ``--store postgresql`` starts a server of its own, whose CPU seconds are not in the
figures; it does not synchronise its commits, so what it does in a second of the wall clock is not told of.
"""

import argparse
import asyncio
import gc
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
from benchmarks.serving.workplace import workplace
from tests.postgres import shared_server

from careloom.definitions import Definitions
from careloom.model import Resource, parse_json, serialize_json
from careloom.model.room import ROOM
from careloom.search import Query, SearchParameters, parse_query
from careloom.store import Repository, Turn
from careloom.store.port import Prepared
from careloom.store.source import StoreSource
from careloom.synth import population
from careloom.synth.terms import LOINC, MEASURES, NHS_NUMBER
from careloom.validation import Validator

SMALLEST, LARGEST = 50, 200
PORTION = 40
"""Bundles that are made before they are recorded, so that their making is not counted."""
SECONDS = 3.0
ROWS = 16
"""Index rows of a resource, for bare sqlite3."""


def main() -> None:
    """Run each measure once and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--large", type=int, default=20_000)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    asked = parser.parse_args()
    definitions = Definitions.load()
    registry = SearchParameters(definitions, base_url="https://hub.example/fhir")
    validator = Validator(definitions)
    spare_the_collector()
    with workplace() as measured:
        if asked.store == "sqlite":
            source = StoreSource(f"sqlite:///{measured / 'hub.db'}")
            asyncio.run(measure(source, measured, registry, validator, asked))
        else:
            with shared_server(Path(tempfile.gettempdir()) / f"careloom-benchmark-{os.getpid()}") as server:
                source = StoreSource(server.database_of(Path("benchmark")))
                asyncio.run(measure(source, measured, registry, validator, asked))


def spare_the_collector() -> None:
    """As ``careloom serve`` does: definitions stay, and are not looked through for garbage again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def measure(
    source: StoreSource, folder: Path, registry: SearchParameters, validator: Validator, asked: argparse.Namespace
) -> None:
    """All measures, on a record that grows to some size."""
    print(f"{asked.resources} resources of careloom synth; {source.place}; SQLite {sqlite3.sqlite_version}\n")
    bare = Bare(folder / "bare.db")
    repository = await source.open(tenant="north", parameters=registry)
    try:
        await ingest(repository, validator, bare, asked.resources)
        print_bytes(source)
        await commits(repository, asked.clients)
        await reads(repository)
        await searches(repository, registry)
        await large(repository, asked.large)
    finally:
        await repository.close()
        bare.close()


# writing


async def ingest(repository: Repository, validator: Validator, bare: "Bare", count: int) -> None:
    """Bundles as text: read, validated, indexed, recorded with an audit record, durable; the first and last tenth."""
    rates: list[float] = []
    parts = {"read": 0.0, "validate": 0.0, "prepare": 0.0, "turn": 0.0}
    tenth, source = count // 10, population(1)
    for _ in range(10):
        spent = 0.0
        for portion in portions_of(islice(source, tenth)):
            with cpu() as taken:
                for bundle in portion:
                    await record(repository, validator, bundle, parts)
            spent += taken()
        rates.append(tenth / spent)
    with cpu() as taken:
        bare.commit(tenth // 100, 100)
    bare_rate = tenth / taken()
    line("bundles of 50 to 200, the last tenth", rates[-1], "resources/CPU-s", rates[-1] / bare_rate, "bare sqlite3")
    line("  the same, the first tenth", rates[0], "resources/CPU-s", rates[-1] / rates[0], "last to first")
    for name, seconds in parts.items():
        line(f"  of it: {name}", seconds / count * 1e6, "CPU us/resource")


async def record(repository: Repository, validator: Validator, bundle: bytes, parts: dict[str, float]) -> None:
    """One bundle from its text to the durable commit."""
    with cpu() as taken:
        resources: list[Resource] = [entry["resource"] for entry in parse_json(bundle)["entry"]]
    parts["read"] += taken()
    with cpu() as taken:
        assert not any(issue.is_error for resource in resources for issue in validator.validate(resource))
    parts["validate"] += taken()
    with cpu() as taken:
        prepared = [repository.prepare(resource, id=resource["id"]) for resource in resources]
        audit = repository.prepare(audit_of(len(resources)))
    parts["prepare"] += taken()
    with cpu() as taken:
        await repository.commit(lambda turn: writing(turn, prepared, audit))
    parts["turn"] += taken()


def writing(turn: Turn, prepared: list[Prepared], audit: Prepared) -> None:
    """What a bundle writes."""
    turn.expect((each.resource["resourceType"], each.id) for each in prepared)
    for each in prepared:
        turn.create(each)
    turn.audit(audit)


def portions_of(resources: Iterator[Resource]) -> Iterator[list[bytes]]:
    """Bundles, some at a time: as many on a large record as on a small one, so that both meet the same memory."""
    bundles = bundles_of(resources)
    while portion := list(islice(bundles, PORTION)):
        yield portion


def bundles_of(resources: Iterator[Resource]) -> Iterator[bytes]:
    """Transaction bundles as they come over the network."""
    chance = random.Random(2)
    while part := list(islice(resources, chance.randint(SMALLEST, LARGEST))):
        entries = [
            {"resource": each, "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}}
            for each in part
        ]
        yield serialize_json({"resourceType": "Bundle", "type": "transaction", "entry": entries})


async def commits(repository: Repository, clients: int) -> None:
    """Small commits one by one and at once."""
    alone = await commits_per_second(repository, 1)
    together = await commits_per_second(repository, clients)
    line("one client, one resource a commit", alone, "commits/s")
    line(f"{clients} clients, one resource a commit", together, "commits/s", together / alone, "one client")


async def commits_per_second(repository: Repository, clients: int) -> float:
    """Durable commits of one small resource each, by clients that each wait for their answer."""
    until = time.perf_counter() + SECONDS
    done = 0

    async def client(number: int) -> None:
        nonlocal done
        while time.perf_counter() < until:
            await small(repository, number)
            done += 1

    await asyncio.gather(*(client(number) for number in range(clients)))
    return done / SECONDS


async def large(repository: Repository, entries: int) -> None:
    """What a small write takes, alone and while a large bundle is being recorded."""
    before = [await timed(lambda: request(repository)) for _ in range(200)]
    patients = [{"resourceType": "Patient", "id": f"large{number}", "active": True} for number in range(entries)]
    loading = asyncio.create_task(
        repository.commit(lambda turn: [turn.create(each, id=str(each["id"])) for each in patients], size=entries)
    )
    during: list[float] = []
    while not loading.done():
        during.append(await timed(lambda: request(repository)))
    await loading
    alone, beside = percentile(before, 99), percentile(during, 99)
    line("small write alone, p99", alone, "ms")
    line(f"  while {entries} entries are recorded, p99 of {len(during)}", beside, "ms", beside / alone, "alone")


async def small(repository: Repository, number: int) -> None:
    """One durable commit of one resource."""
    resource = {"resourceType": "Patient", "active": True, "gender": ("male", "female")[number % 2]}
    await repository.commit(lambda turn: turn.create(resource))


async def request(repository: Repository) -> None:
    """The same, counted as small while it is in progress, as a request over HTTP is."""
    claim = ROOM.enter()
    try:
        await small(repository, 1)
    finally:
        ROOM.leave(claim)


# reading


async def reads(repository: Repository) -> None:
    """Reads of random resources by id."""
    ids = [f"p{number}" for number in random.Random(1).choices(range(1, 500), k=5_000)]
    with cpu() as taken:
        for id in ids:
            await repository.read("Patient", id)
    line("read by id, parsed", len(ids) / taken(), "reads/CPU-s")


async def searches(repository: Repository, registry: SearchParameters) -> None:
    """Latency of the six searches, each with other values every time, and where each begins."""
    chance = random.Random(2)
    patients = await newest_patients(repository, registry)

    def query(type: str, *parameters: tuple[str, str]) -> Query:
        return parse_query(type, (*parameters, ("_count", "20"), ("_total", "none")), registry, strict=True)

    def patient() -> str:
        return str(chance.choice(patients)["id"])

    def number() -> str:
        return f"{NHS_NUMBER}|{chance.choice(patients)['identifier'][0]['value']}"

    def code() -> str:
        return f"{LOINC}|{chance.choice(MEASURES).code}"

    kinds: dict[str, Callable[[], Query]] = {
        "patient + code, newest 20": lambda: query("Observation", ("patient", patient()), ("code", code())),
        "identifier": lambda: query("Patient", ("identifier", number())),
        "name prefix": lambda: query("Patient", ("family", chance.choice(patients)["name"][0]["family"][:4])),
        "month": lambda: query("Observation", ("date", f"{chance.randint(2019, 2025)}-{chance.randint(1, 12):02}")),
        "_include": lambda: query("Observation", ("patient", patient()), ("_include", "Observation:subject")),
        "chain": lambda: query("Observation", ("subject:Patient.identifier", number())),
    }
    print()
    for name, make in kinds.items():
        times, spent = [], []
        for _ in range(300):
            with cpu() as taken:
                times.append(await timed(lambda make=make: repository.search(make())))  # type: ignore[misc]
            spent.append(taken() * 1000)
        line(f"{name}, p50 {percentile(times, 50):.2f} ms, p99", percentile(times, 99), "ms")
        line("  of CPU time: p50", percentile(spent, 50), f"ms, p99 {percentile(spent, 99):.2f} ms")
    print()


async def newest_patients(repository: Repository, registry: SearchParameters) -> list[Resource]:
    """Patients to ask for."""
    asked = parse_query("Patient", [("identifier", f"{NHS_NUMBER}|"), ("_count", "500")], registry, strict=True)
    return [version.resource for version in (await repository.search(asked)).matches if version.resource]


async def timed(call: Callable[[], Awaitable[Any]]) -> float:
    """Milliseconds of one call."""
    started = time.perf_counter()
    await call()
    return (time.perf_counter() - started) * 1000


def percentile(times: list[float], of: int) -> float:
    """The time that so many of a hundred do not exceed."""
    return sorted(times)[min(len(times) * of // 100, len(times) - 1)]


# beside it


def audit_of(entries: int) -> Resource:
    """An audit record of the size that a transaction has."""
    agent = {"who": {"identifier": {"system": "https://hub.example/client", "value": "acute-epr"}}, "requestor": True}
    return {
        "resourceType": "AuditEvent",
        "type": {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"},
        "subtype": [{"system": "http://hl7.org/fhir/restful-interaction", "code": "transaction"}],
        "action": "E",
        "recorded": "2026-11-22T12:00:00Z",
        "outcome": "0",
        "outcomeDesc": f"{entries} entries, permitted by agreement discharge-to-gp",
        "agent": [agent],
        "source": {"observer": {"display": "https://hub.example/fhir"}},
    }


def print_bytes(source: StoreSource) -> None:
    """Bytes over versions, of the whole and of each table and index of some size."""
    versions, sizes = sqlite_sizes(source) if source.is_sqlite else postgres_sizes(source)
    line("disk, indexes included", sum(sizes.values()) / versions, "bytes/resource")
    for name, size in sorted(sizes.items(), key=lambda each: -each[1]):
        if size / versions >= 1:
            line(f"  of it: {name}", size / versions, "bytes/resource")


def sqlite_sizes(source: StoreSource) -> tuple[int, dict[str, int]]:
    """Versions, and by table or index the bytes of its pages; by the whole file where SQLite cannot tell them apart.

    The log, which does not grow with the record, is left out.
    """
    connection = sqlite3.connect(source.file)
    (versions,) = connection.execute("SELECT count(*) FROM version").fetchone()
    try:
        sizes = dict(connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
    except sqlite3.OperationalError:
        (size,) = connection.execute(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        ).fetchone()
        sizes = {"all": size}
    connection.close()
    return versions, sizes


def postgres_sizes(source: StoreSource) -> tuple[int, dict[str, int]]:
    """The same by the server's own count."""
    with psycopg.connect(source.url, autocommit=True) as connection:
        connection.execute("VACUUM")
        (versions,) = connection.execute("SELECT count(*) FROM version").fetchone() or (0,)
        sizes = connection.execute(
            "SELECT relname, pg_table_size(oid) FROM pg_class "
            "WHERE relkind IN ('r', 'i') AND relnamespace = current_schema()::regnamespace"
        ).fetchall()
    return versions, dict(sizes)


class Bare:
    """What sqlite3 does with as many bytes and rows, and nothing else."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("CREATE TABLE body (id INTEGER PRIMARY KEY, bytes BLOB)")
        self._connection.execute("CREATE TABLE row (h INTEGER, id INTEGER, PRIMARY KEY (h, id)) WITHOUT ROWID")
        self._bytes = random.Random(3).randbytes(120)
        self._id = 0

    def commit(self, bundles: int, entries: int) -> None:
        """Durable commits of some bodies with their index rows."""
        chance = random.Random(4)
        for _ in range(bundles):
            self._connection.execute("BEGIN")
            ids = range(self._id, self._id + entries)
            self._id += entries
            self._connection.executemany("INSERT INTO body VALUES (?, ?)", [(id, self._bytes) for id in ids])
            rows = sorted((chance.getrandbits(62), id) for id in ids for _ in range(ROWS))
            self._connection.executemany("INSERT INTO row VALUES (?, ?)", rows)
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


@contextmanager
def cpu() -> Iterator[Callable[[], float]]:
    """Gives the CPU seconds of the process since."""
    started, ended = time.process_time(), [0.0]
    yield lambda: ended[0]
    ended[0] = time.process_time() - started


def line(name: str, value: float, unit: str, ratio: float | None = None, to: str = "") -> None:
    """Print one figure."""
    compared = "" if ratio is None else f"  {ratio:6.2f} x {to}"
    print(f"{name:62} {value:10,.2f} {unit}{compared}", flush=True)


if __name__ == "__main__":
    main()
