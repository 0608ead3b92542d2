"""What the SQLite store does in a second, as ratios to bare sqlite3 on the same disk in the same run.

    python benchmarks/store.py [resources]

Absolute figures depend on the machine and on what else it does; the ratios are what can be compared.
"""

import asyncio
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from careloom.definitions import Definitions
from careloom.model import serialize_json
from careloom.search import Query, SearchParameters, index_values, parse_query
from careloom.store import Repository, Turn, Version, open_sqlite

BUNDLE = 100
CLIENTS = 64
POSTINGS = 20
SECONDS = 3.0
SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
FAMILIES = ("Smith", "Jones", "Patel", "Okafor", "Nowak", "Ó Briain", "Lindqvist", "García", "Williams", "Khan")


def main() -> None:
    """Run each measure once and print a line for it."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    registry = SearchParameters(Definitions.load(), base_url="https://hub.example/fhir")
    with tempfile.TemporaryDirectory(dir=".") as folder:
        asyncio.run(measure(Path(folder), registry, count))


async def measure(folder: Path, registry: SearchParameters, count: int) -> None:
    """All measures, on a record of some size."""
    resources = list(synthetic(count))
    mean = sum(len(serialize_json(resource)) for resource in resources[:1000]) // 1000
    print(f"{count} resources of {mean} bytes; SQLite {sqlite3.sqlite_version}\n")
    bare = Bare(folder / "bare.db", mean)
    repository = await open_sqlite(folder / "hub.db", tenant="north", parameters=registry)
    try:
        await writes(repository, bare, registry, resources, folder)
        await reads(repository, bare, resources)
        await searches(repository, registry, count)
    finally:
        await repository.close()
        bare.close()


async def writes(
    repository: Repository, bare: "Bare", registry: SearchParameters, resources: list[dict[str, Any]], folder: Path
) -> None:
    """Small commits one by one and at once, and bundles."""
    bare_single = bare.commits_per_second(1)
    alone = await commits_per_second(repository, 1)
    together = await commits_per_second(repository, CLIENTS)
    line("bare sqlite3, one durable commit of a body and 20 index rows", bare_single, "commits/s")
    line("one client, one resource a commit", alone, "commits/s", alone / bare_single, "bare")
    line(f"{CLIENTS} clients, one resource a commit", together, "commits/s", together / alone, "one client")
    started = time.perf_counter()
    for resource in resources[:1000]:
        index_values(resource, registry)
    indexing = 1000 / (time.perf_counter() - started)
    started = time.perf_counter()
    for at in range(0, len(resources), BUNDLE):
        await repository.commit(bundle(resources[at : at + BUNDLE]))
    loaded = len(resources) / (time.perf_counter() - started)
    bare_bundles = bare.commits_per_second(BUNDLE) * BUNDLE
    line(f"bare sqlite3, {BUNDLE} bodies with 20 index rows each a commit", bare_bundles, "resources/s")
    line("index values alone, no database", indexing, "resources/s")
    line(f"bundles of {BUNDLE}, indexed", loaded, "resources/s", loaded / bare_bundles, "bare")
    line("disk, indexes included", bytes_per_version(folder / "hub.db"), "bytes/resource")


async def reads(repository: Repository, bare: "Bare", resources: list[dict[str, Any]]) -> None:
    """Reads of random resources by id."""
    ids = [(resource["resourceType"], resource["id"]) for resource in random.Random(1).choices(resources, k=5000)]
    started = time.perf_counter()
    for type, id in ids:
        await repository.read(type, id)
    rate = len(ids) / (time.perf_counter() - started)
    bare_rate = bare.reads_per_second()
    line("bare sqlite3, blob by key, not parsed", bare_rate, "reads/s")
    line("read by id, parsed", rate, "reads/s", rate / bare_rate, "bare")


async def searches(repository: Repository, registry: SearchParameters, count: int) -> None:
    """Latency of typical searches, each with other values every time."""
    chance = random.Random(2)

    def query(type: str, *parameters: tuple[str, str]) -> Query:
        return parse_query(type, (*parameters, ("_count", "20"), ("_total", "none")), registry, strict=True)

    def patient() -> str:
        return f"Patient/p{chance.randrange(count // 10)}"

    def month() -> str:
        return f"2025-{chance.randint(1, 12):02}"

    kinds: dict[str, Callable[[], Query]] = {
        "identifier": lambda: query("Patient", ("identifier", f"{SYSTEM}|{chance.randrange(count // 10)}")),
        "patient + code, newest": lambda: query("Observation", ("patient", patient()), ("code", "c7")),
        "name prefix": lambda: query("Patient", ("family", chance.choice(FAMILIES)[:3])),
        "month": lambda: query("Observation", ("date", month())),
        "patient, sorted by date": lambda: query("Observation", ("patient", patient()), ("_sort", "-date")),
        "code + month": lambda: query("Observation", ("code", f"c{chance.randrange(20)}"), ("date", month())),
        "with _include": lambda: query("Observation", ("patient", patient()), ("_include", "Observation:subject")),
    }
    print()
    for name, make in kinds.items():
        p50, p99 = await latency(repository.search, [make() for _ in range(300)])
        line(f"search: {name}, p50 {p50:.2f} ms, p99", p99, "ms")


def bytes_per_version(path: Path) -> float:
    """Pages of the database over versions in it; the log, which does not grow with the record, is left out."""
    connection = sqlite3.connect(path)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page_size,) = connection.execute("PRAGMA page_size").fetchone()
    (versions,) = connection.execute("SELECT count(*) FROM version").fetchone()
    connection.close()
    return float(pages * page_size / versions)


async def commits_per_second(repository: Repository, clients: int) -> float:
    """Durable commits of one small resource each, by clients that each wait for their answer."""
    until = time.perf_counter() + SECONDS
    done = 0

    async def client(number: int) -> None:
        nonlocal done
        while time.perf_counter() < until:
            await repository.commit(lambda turn: turn.create(patient_of(number)))
            done += 1

    await asyncio.gather(*(client(number) for number in range(clients)))
    return done / SECONDS


async def latency(search: Callable[[Query], Awaitable[Any]], queries: list[Query]) -> tuple[float, float]:
    """Median and 99th percentile in milliseconds."""
    times = []
    for query in queries:
        started = time.perf_counter()
        await search(query)
        times.append((time.perf_counter() - started) * 1000)
    times.sort()
    return times[len(times) // 2], times[len(times) * 99 // 100]


def bundle(resources: list[dict[str, Any]]) -> Callable[[Turn], list[Version]]:
    """Work that creates all of them under their own ids."""
    return lambda turn: [turn.create(resource, id=resource["id"]) for resource in resources]


def synthetic(count: int) -> Iterator[dict[str, Any]]:
    """One patient in ten, observations of random ones before and after."""
    chance = random.Random(0)
    for number in range(count):
        if number % 10 == 0:
            yield patient_of(number // 10, id=f"p{number // 10}")
        else:
            yield observation_of(number, f"p{chance.randrange(count // 10)}", chance)


def patient_of(number: int, **more: Any) -> dict[str, Any]:
    """A small patient."""
    return {
        "resourceType": "Patient",
        "identifier": [{"system": SYSTEM, "value": str(number)}],
        "name": [{"family": FAMILIES[number % 10], "given": [f"G{number % 97}"]}],
        "gender": ("male", "female")[number % 2],
        "birthDate": f"19{number % 90 + 10}-0{number % 9 + 1}-1{number % 10}",
        "address": [{"line": [f"{number} High Street"], "city": "Leeds", "postalCode": "LS1 4AP"}],
        **more,
    }


def observation_of(number: int, patient: str, chance: random.Random) -> dict[str, Any]:
    """A measurement with a code, a date and a value."""
    text = f"Measurement number {number} taken at the bedside by the nurse in charge"
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/c", "code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": f"c{chance.randrange(20)}", "display": text}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": f"2025-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}T10:00:00Z",
        "valueQuantity": {"value": chance.randint(40, 200), "unit": "/min", "system": "http://unitsofmeasure.org"},
        "note": [{"text": text}],
    }


class Bare:
    """What sqlite3 does with as many bytes and rows, and nothing else."""

    def __init__(self, path: Path, size: int) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("CREATE TABLE body (id INTEGER PRIMARY KEY, bytes BLOB)")
        self._connection.execute("CREATE TABLE row (h INTEGER, id INTEGER, PRIMARY KEY (h, id)) WITHOUT ROWID")
        self._bytes = random.Random(3).randbytes(size // 3)
        self._id = 0

    def commits_per_second(self, resources: int) -> float:
        """Durable commits of some resources each."""
        chance = random.Random(4)
        started, commits = time.perf_counter(), 0
        while time.perf_counter() < started + SECONDS:
            self._connection.execute("BEGIN")
            for _ in range(resources):
                self._id += 1
                self._connection.execute("INSERT INTO body VALUES (?, ?)", (self._id, self._bytes))
                rows = [(chance.getrandbits(62), self._id) for _ in range(POSTINGS)]
                self._connection.executemany("INSERT INTO row VALUES (?, ?)", rows)
            self._connection.execute("COMMIT")
            commits += 1
        return commits / (time.perf_counter() - started)

    def reads_per_second(self) -> float:
        """Bodies by key."""
        ids = random.Random(5).choices(range(1, self._id + 1), k=20_000)
        started = time.perf_counter()
        for id in ids:
            self._connection.execute("SELECT bytes FROM body WHERE id = ?", (id,)).fetchone()
        return len(ids) / (time.perf_counter() - started)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def line(name: str, value: float, unit: str, ratio: float | None = None, to: str = "") -> None:
    """Print one figure."""
    compared = "" if ratio is None else f"  {ratio:6.2f} x {to}"
    print(f"{name:62} {value:10,.1f} {unit}{compared}")


if __name__ == "__main__":
    main()
