"""What the hub does over HTTP in a CPU second of its process, and the same for a server of the same kind.

    python -m benchmarks.hub [--store sqlite|postgresql] [--only read ingest small large varied sekmet]
                             [--resources 10000]

The server is ``careloom serve`` as a process of its own, with a settings file in a folder that is removed afterwards;
the load comes from this process. Records are those of ``careloom synth``, sent as transaction bundles of 50 to 200
entries. All that is promised of a request happens to each: token, decision, validation, index, audit record, durable
commit. CPU seconds are those of the server's process, all threads together, so that the figures bear other work on the
machine. Before each measure the server does a part of it that is not counted, so that what is made once is made.
``varied`` is ingest of records whose values hardly ever come again.

``sekmet-fhir`` (PyPI, pure Python, SQLite) gets the same bundles in the same run. It keeps its own log of traffic and
asks for no token; its simulator is off.
"""

import argparse
import asyncio
import random
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.peers.homes import AbsentError
from benchmarks.serving.client import Client, connected
from benchmarks.serving.processes import Server, hub, sekmet
from benchmarks.serving.varied import varied
from benchmarks.serving.workplace import workplace

from careloom.model import Resource, parse_json, serialize_json
from careloom.model.references import references_in
from careloom.synth import population

SMALLEST, LARGEST = 50, 200
CLIENTS = 4
READERS = 16
MANY = 64
SECONDS = 4.0
ALONE = 1_000
MEASURES = ("ingest", "read", "small", "large", "varied", "sekmet")


def main() -> None:
    """Run what is asked for and print a line for each measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=MEASURES)
    parser.add_argument("--resources", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=20_000)
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(workplace())
        url, database = stack.enter_context(postgresql(folder)) if asked.store == "postgresql" else ("", 0)
        server = stack.enter_context(hub(folder, url, database))
        print(f"{asked.store}, {asked.resources} resources of careloom synth\n")
        asyncio.run(measure(server, asked))
    if "sekmet" in asked.only and asked.store == "sqlite":
        compare(asked)


async def measure(server: Server, asked: argparse.Namespace) -> None:
    """All measures of the hub, one after the other on one record."""
    rate = await ingest(server, population(1), asked.resources, updates)
    line("ingest, PUT of known ids", rate)
    _FOUND["ingest"] = rate.each
    if "ingest" in asked.only:
        rate = await ingest(server, population(2), asked.resources, creates)
        line("ingest, POST with links between entries", rate)
    if "read" in asked.only:
        line("read by id", await reads(server))
    if "small" in asked.only:
        await small(server)
    if "large" in asked.only:
        await large(server, asked.large)
    if "varied" in asked.only:
        rate = await ingest(server, varied(population(4), seed=4), asked.resources, updates)
        line("ingest, PUT, values that hardly ever come again", rate)
        _FOUND["varied"] = rate.each


_FOUND: dict[str, float] = {}


def compare(asked: argparse.Namespace) -> None:
    """The same bundles for another server."""
    with workplace() as folder:
        try:
            with sekmet(folder) as server:
                asyncio.run(measure_peer(server, asked))
        except AbsentError as error:
            print(f"sekmet-fhir: absent, {error}")


async def measure_peer(server: Server, asked: argparse.Namespace) -> None:
    """Ingest by the other server, and the hub's to it."""
    sources = {"ingest": population(1)}
    if "varied" in asked.only:
        sources["varied"] = varied(population(4), seed=4)
    for name, source in sources.items():
        rate = await ingest(server, source, asked.resources, updates)
        line(f"sekmet-fhir, {name}", rate)
        print(f"{'  the hub to sekmet-fhir':62} {_FOUND[name] / rate.each:10.2f} x")


@contextmanager
def postgresql(folder: Path) -> Iterator[tuple[str, int]]:
    """A PostgreSQL server of our own, as the tests have it: a database's address, and the server's process."""
    from tests.postgres import shared_server  # noqa: PLC0415  # where none is asked for, none need be installed

    with shared_server(folder) as server:
        (data,) = server.execute("SHOW data_directory")[0]
        process = int((Path(data) / "postmaster.pid").read_text().split()[0])
        yield server.database_of(folder), process


# the record


Make = Callable[[Sequence[Resource]], Resource]


async def ingest(server: Server, source: Iterator[Resource], count: int, make: Make) -> "Rate":
    """Transaction bundles by a few clients; half as many before, which are not counted."""
    warm = [bundle for bundle, _ in bundles(islice(source, count // 2), make)]
    cold = list(bundles(islice(source, count), make))
    await spread(server, CLIENTS, (post(each) for each in warm))
    async with counted(server, count) as rate:
        await spread(server, CLIENTS, (post(each) for each, _ in cold))
    return rate


def post(bundle: bytes) -> "Ask":
    """A client's sending of a bundle."""

    async def send(client: Client) -> None:
        await client.ask("POST", "", bundle)

    return send


def bundles(resources: Iterator[Resource], make: Make) -> Iterator[tuple[bytes, int]]:
    """Transaction bundles as they come over the network, and how many entries they have."""
    chance = random.Random(2)
    while part := list(islice(resources, chance.randint(SMALLEST, LARGEST))):
        yield serialize_json(make(part)), len(part)


def updates(part: Sequence[Resource]) -> Resource:
    """A transaction in which each resource has the id it had at home."""
    entries = [
        {"resource": each, "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}} for each in part
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def creates(part: Sequence[Resource]) -> Resource:
    """A transaction in which each resource is new, and those in it refer to each other by ``urn:uuid``."""
    names = {f"{each['resourceType']}/{each['id']}": f"urn:uuid:{uuid.uuid4()}" for each in part}
    entries = []
    for each in part:
        resource = parse_json(serialize_json({key: value for key, value in each.items() if key != "id"}))
        for reference in references_in(resource):
            reference["reference"] = names.get(reference["reference"], reference["reference"])
        request = {"method": "POST", "url": each["resourceType"]}
        name = names[f"{each['resourceType']}/{each['id']}"]
        entries.append({"fullUrl": name, "resource": resource, "request": request})
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


async def reads(server: Server, number: int = 6_000) -> "Rate":
    """Reads of random resources that ingest has left."""
    paths = [f"{each['resourceType']}/{each['id']}" for each in islice(population(1), 2_000)]
    chance = random.Random(3)

    def one() -> "Ask":
        path = chance.choice(paths)

        async def read(client: Client) -> None:
            await client.ask("GET", path)

        return read

    await spread(server, READERS, (one() for _ in range(number // 4)))
    async with counted(server, number) as rate:
        await spread(server, READERS, (one() for _ in range(number)))
    return rate


async def small(server: Server) -> None:
    """Transactions of one entry, by one client and by many, on the clock: what they share is the disk's time."""
    alone = await small_per_second(server, 1)
    together = await small_per_second(server, MANY)
    print(f"{'one client, transactions of one entry':62} {alone:10,.0f} per second")
    print(f"{f'{MANY} clients':62} {together:10,.0f} per second  {together / alone:6.2f} x one client")


async def small_per_second(server: Server, clients: int) -> float:
    """Small transactions in a second of the clock."""
    until = time.perf_counter() + SECONDS
    done = 0

    async def go_on(client: Client) -> None:
        nonlocal done
        while time.perf_counter() < until:
            await client.ask("POST", "", _SMALL)
            done += 1

    with connected(server.base_url, server.token(), clients) as all_clients:
        async with counted(server) as rate:
            await asyncio.gather(*map(go_on, all_clients))
    line(f"  of {clients}", rate.of(done))
    return done / SECONDS


_SMALL = serialize_json(
    {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "resource": {"resourceType": "Patient", "active": True, "gender": "female"},
                "request": {"method": "POST", "url": "Patient"},
            }
        ],
    }
)


async def large(server: Server, entries: int) -> None:
    """What a small write takes, alone and while a large bundle is being recorded."""
    part = list(islice(population(9), entries))
    bundle = serialize_json(updates(part))
    with connected(server.base_url, server.token(), 2) as (first, second):
        for _ in range(ALONE // 4):
            await first.ask("POST", "", _SMALL)
        before = [await timed(lambda: first.ask("POST", "", _SMALL)) for _ in range(ALONE)]
        started = time.perf_counter()
        loading = asyncio.create_task(second.ask("POST", "", bundle))
        during: list[float] = []
        while not loading.done():
            during.append(await timed(lambda: first.ask("POST", "", _SMALL)))
        await loading
        seconds = time.perf_counter() - started
    alone, beside = percentile(before, 99), percentile(during, 99)
    print(f"{'small transaction alone, p50 and p99':62} {percentile(before, 50):10,.1f} {alone:.1f} ms")
    name = f"  while {entries} entries are recorded, of {len(during)}"
    print(
        f"{name:62} {percentile(during, 50):10,.1f} {beside:.1f} ms  {beside / alone:6.2f} x alone, in {seconds:.1f} s"
    )


# measuring


Ask = Callable[[Client], Awaitable[None]]


@dataclass(slots=True)
class Rate:
    """How much was done, and the processor seconds of the server and of its database."""

    count: int = 0
    seconds: float = 0.0
    database: float = 0.0

    @property
    def each(self) -> float:
        """How many in a CPU second of the server."""
        return self.count / self.seconds

    def of(self, count: int) -> "Rate":
        """The same time for another number."""
        return Rate(count, self.seconds, self.database)


@asynccontextmanager
async def counted(server: Server, count: int = 0) -> AsyncIterator[Rate]:
    """What the server takes for what happens meanwhile."""
    rate = Rate(count)
    cpu, database = server.cpu(), server.database_cpu()
    yield rate
    rate.seconds, rate.database = server.cpu() - cpu, server.database_cpu() - database


async def spread(server: Server, number: int, asks: Iterator[Ask]) -> None:
    """Have some clients do all there is to do, each the next thing when it is done with one."""

    async def work(client: Client) -> None:
        for ask in asks:
            await ask(client)

    with connected(server.base_url, server.token(), number) as clients:
        await asyncio.gather(*map(work, clients))


async def timed(call: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds of one call."""
    started = time.perf_counter()
    await call()
    return (time.perf_counter() - started) * 1000


def percentile(times: Sequence[float], of: int) -> float:
    """The time that so many of a hundred do not exceed."""
    return sorted(times)[min(len(times) * of // 100, len(times) - 1)]


def line(name: str, rate: Rate) -> None:
    """Print one figure."""
    beside = f", with its database {rate.count / (rate.seconds + rate.database):,.0f}" if rate.database else ""
    print(f"{name:62} {rate.each:10,.0f} per CPU second{beside}", flush=True)


if __name__ == "__main__":
    main()
